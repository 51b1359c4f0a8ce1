namespace Dmkd.Core.Modules;

/// <summary>A part of a <see cref="LayeredArchitecture"/> that has weights.</summary>
/// <param name="Name">Dotted name in the network's state, such as <c>layer1.0.conv1</c>.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Rows">Units it writes to.</param>
/// <param name="Columns">Units it reads from; null for normalisations and embeddings.</param>
internal sealed record Layer(string Name, LayerKind Kind, AxisUnits Rows, AxisUnits? Columns = null)
{
    /// <summary>Height and width of a convolution's kernel.</summary>
    public int Kernel { get; init; } = 1;

    public int Stride { get; init; } = 1;

    /// <summary>Whether zeros around the map keep its size; otherwise there are none.</summary>
    public bool Padded { get; init; } = true;

    /// <summary>Pixels or tokens it is applied to (of an embedding: tokens it has) for one input.</summary>
    public int Positions { get; init; } = 1;

    public bool Bias { get; init; }

    /// <summary>Its tensors.</summary>
    public IEnumerable<WeightAxes> Weights => Kind switch
    {
        LayerKind.Embedding => [new WeightAxes(Name, Rows) { RowAxis = 2 }],
        LayerKind.BatchNormalisation => Vectors("weight", "bias", "running_mean", "running_var"),
        LayerKind.LayerNormalisation => Vectors("weight", "bias"),
        _ => Bias ? [Matrix, .. Vectors("bias")] : [Matrix],
    };

    private WeightAxes Matrix => new($"{Name}.weight", Rows, Columns);

    public static Layer Convolution(string name, string rows, string columns, int kernel, int stride, int outputSize) =>
        new(name, LayerKind.Convolution, rows, columns) { Kernel = kernel, Stride = stride, Positions = outputSize * outputSize };

    public static Layer BatchNormalisation(string name, string rows) => new(name, LayerKind.BatchNormalisation, rows);

    public static Layer Linear(string name, AxisUnits rows, AxisUnits columns, int positions = 1) =>
        new(name, LayerKind.Linear, rows, columns) { Bias = true, Positions = positions };

    private IEnumerable<WeightAxes> Vectors(params string[] names) => names.Select(name => new WeightAxes($"{Name}.{name}", Rows));
}
