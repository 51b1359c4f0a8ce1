namespace Dmkd.Core.Models;

/// <summary>
/// An architecture given by the list of its layers: weights, counts and modules all follow from the one list.
/// </summary>
public abstract record LayeredArchitecture : NetworkArchitecture
{
    private const int MaxWidth = 65_536;
    private readonly Dictionary<string, int> _widths = new(StringComparer.Ordinal);

    private protected LayeredArchitecture(int inputChannels, int inputSize, int outputCount)
    {
        Check(inputChannels, 1, 4096, nameof(inputChannels));
        Check(inputSize, 4, 1024, nameof(inputSize));
        Check(outputCount, 1, 1_000_000, nameof(outputCount));
        InputShape = new InputShape(inputChannels, inputSize, inputSize);
        OutputCount = outputCount;
        _widths.Add(UnitSpace.Input, inputChannels);
        _widths.Add(UnitSpace.Output, outputCount);
    }

    /// <inheritdoc/>
    public sealed override InputShape InputShape { get; }

    /// <inheritdoc/>
    public sealed override int OutputCount { get; }

    /// <inheritdoc/>
    public sealed override IReadOnlyList<UnitSpace> UnitSpaces => Spaces;

    /// <inheritdoc/>
    public sealed override IReadOnlyList<WeightAxes> Weights => Axes;

    /// <inheritdoc/>
    public sealed override long ParameterCount => Layers.Sum(ParametersOf);

    /// <inheritdoc/>
    public override long MultiplyAdds =>
        Layers.Sum(layer => layer.Columns is null ? 0 : MatrixOf(layer) * layer.Positions);

    internal IReadOnlyList<Layer> Layers { get; private set; } = [];

    /// <summary>The arguments of the text form, separated by semicolons.</summary>
    private protected abstract string Arguments { get; }

    private IReadOnlyList<UnitSpace> Spaces { get; set; } = [];

    private IReadOnlyList<WeightAxes> Axes { get; set; } = [];

    /// <summary>Two descriptions are equal when their text is.</summary>
    public virtual bool Equals(LayeredArchitecture? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public sealed override string ToString() => $"{Family}({Arguments})";

    private protected int Channels => InputShape[0];

    private protected int Side => InputShape[1];

    internal int WidthOf(AxisUnits axis) => axis.Length(_widths[axis.Space]);

    private protected void Describe(IEnumerable<UnitSpace> spaces, IEnumerable<Layer> layers)
    {
        Spaces = [.. spaces];
        foreach (var space in Spaces)
        {
            Check(space.Width, 1, MaxWidth, $"The width of '{space.Name}'");
            _widths.Add(space.Name, space.Width);
        }

        Layers = [.. layers];
        Axes = [.. Layers.SelectMany(layer => layer.Weights)];
    }

    private protected static void Check(int value, int minimum, int maximum, string name)
    {
        if (value < minimum || value > maximum)
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be in [{minimum}, {maximum}].");
    }

    private long MatrixOf(Layer layer) =>
        (long)WidthOf(layer.Rows) * WidthOf(layer.Columns!) * layer.Kernel * layer.Kernel;

    private long ParametersOf(Layer layer) =>
        layer.Kind switch
        {
            LayerKind.Embedding => (long)WidthOf(layer.Rows) * layer.Positions,
            LayerKind.BatchNormalisation or LayerKind.LayerNormalisation => 2L * WidthOf(layer.Rows),
            _ => MatrixOf(layer) + (layer.Bias ? WidthOf(layer.Rows) : 0),
        };
}
