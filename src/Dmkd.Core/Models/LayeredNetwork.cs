using TorchSharp.Modules;
using static TorchSharp.torch;

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
        Check(inputChannels, 1, 4096, "The number of input channels");
        Check(inputSize, 4, 1024, "The input's height and width");
        Check(outputCount, 1, 1_000_000, "The number of outputs");
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
            throw OutOfRange(value, minimum, maximum, name);
    }

    /// <summary>That a number of an architecture is out of its range.</summary>
    /// <param name="value">The number.</param>
    /// <param name="minimum">The least that it may be.</param>
    /// <param name="maximum">The most that it may be.</param>
    /// <param name="name">What the number is, in words.</param>
    internal static ArgumentOutOfRangeException OutOfRange(int value, int minimum, int maximum, string name)
    {
        string limits = minimum == maximum ? $"{minimum}" : $"in [{minimum}, {maximum}]";
        return new ArgumentOutOfRangeException(name, value, $"{name} must be {limits}, not {value}.");
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

/// <summary>
/// A network that registers the layers of its architecture under their dotted names and applies them by name.
/// </summary>
internal abstract class LayeredNetwork : Network
{
    private const double LayerNormalisationEpsilon = 1e-6; // as in the Vision Transformer's published weights
    private readonly Dictionary<string, nn.Module<Tensor, Tensor>> _layers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, nn.Module> _groups = new(StringComparer.Ordinal);

    protected LayeredNetwork(LayeredArchitecture architecture, Generator generator)
        : base(architecture)
    {
        foreach (var layer in architecture.Layers)
        {
            var (group, leaf) = Place(layer.Name);
            if (layer.Kind == LayerKind.Embedding)
            {
                // Detached: a bare parameter belongs to the scope it is made in and dies with it, unlike those of
                // TorchSharp's own modules.
                long[] shape = [1, layer.Positions, architecture.WidthOf(layer.Rows)];
                group.register_parameter(leaf, WeightInitialisation.Embedding(shape, generator));
                continue;
            }

            var module = Make(architecture, layer, generator);
            group.register_module(leaf, module);
            _layers.Add(layer.Name, module);
        }
    }

    /// <summary>Applies a layer.</summary>
    /// <returns>In the current scope.</returns>
    protected Tensor Apply(string layer, Tensor input) => _layers[layer].forward(input);

    /// <summary>
    /// Runs a step in a scope of its own and disposes its input, so that a forward pass holds two maps and not all.
    /// </summary>
    protected static Tensor Step(Tensor input, Func<Tensor, Tensor> step)
    {
        using var scope = NewDisposeScope();
        using (input)
            return step(input).MoveToOuterDisposeScope();
    }

    private (nn.Module Group, string Leaf) Place(string path)
    {
        int dot = path.LastIndexOf('.');
        return dot < 0 ? (this, path) : (GroupOf(path[..dot]), path[(dot + 1)..]);
    }

    private nn.Module GroupOf(string path)
    {
        if (_groups.TryGetValue(path, out var known))
            return known;
        var (parent, leaf) = Place(path);
        ModuleGroup group = new(leaf);
        parent.register_module(leaf, group);
        _groups.Add(path, group);
        return group;
    }

    private static nn.Module<Tensor, Tensor> Make(LayeredArchitecture architecture, Layer layer, Generator generator)
    {
        int rows = architecture.WidthOf(layer.Rows),
            columns = layer.Columns is null ? 0 : architecture.WidthOf(layer.Columns);
        switch (layer.Kind)
        {
            case LayerKind.BatchNormalisation:
                return nn.BatchNorm2d(rows);
            case LayerKind.LayerNormalisation:
                return nn.LayerNorm(rows, LayerNormalisationEpsilon);
            case LayerKind.Linear:
                Linear linear = nn.Linear(columns, rows, layer.Bias);
                WeightInitialisation.Linear(linear, generator);
                return linear;
            default:
                int padding = layer.Padded ? layer.Kernel / 2 : 0;
                Convolution convolution = new(
                    new ConvolutionShape(columns, rows, layer.Kernel) { Stride = layer.Stride, Padding = padding },
                    layer.Bias
                );
                WeightInitialisation.KaimingNormal(convolution.Weight, generator);
                return convolution;
        }
    }
}

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

    /// <summary>Positions or tokens it is applied to (of an embedding: tokens it has) for one input.</summary>
    public int Positions { get; init; } = 1;

    public bool Bias { get; init; }

    /// <summary>Its tensors.</summary>
    public IEnumerable<WeightAxes> Weights =>
        Kind switch
        {
            LayerKind.Embedding => [new WeightAxes(Name, Rows) { RowAxis = 2 }],
            LayerKind.BatchNormalisation => Vectors("weight", "bias", "running_mean", "running_var"),
            LayerKind.LayerNormalisation => Vectors("weight", "bias"),
            _ => Bias ? [Matrix, .. Vectors("bias")] : [Matrix],
        };

    private WeightAxes Matrix => new($"{Name}.weight", Rows, Columns);

    public static Layer Convolution(string name, string rows, string columns, int kernel, int stride, int outputSize) =>
        new(name, LayerKind.Convolution, rows, columns)
        {
            Kernel = kernel,
            Stride = stride,
            Positions = outputSize * outputSize,
        };

    public static Layer BatchNormalisation(string name, string rows) => new(name, LayerKind.BatchNormalisation, rows);

    public static Layer Linear(string name, AxisUnits rows, AxisUnits columns, int positions = 1) =>
        new(name, LayerKind.Linear, rows, columns) { Bias = true, Positions = positions };

    private IEnumerable<WeightAxes> Vectors(params string[] names) =>
        names.Select(name => new WeightAxes($"{Name}.{name}", Rows));
}

internal enum LayerKind
{
    Convolution,
    BatchNormalisation,
    LayerNormalisation,
    Linear,

    /// <summary>A bare parameter of shape [1, positions, units].</summary>
    Embedding,
}
