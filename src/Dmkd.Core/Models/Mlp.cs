using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Models;

/// <summary>A multilayer perceptron on flattened images: linear layers with ReLU, then a linear head.</summary>
public sealed record MlpArchitecture : LayeredArchitecture
{
    /// <summary>Name of the family.</summary>
    public const string FamilyName = "mlp";

    /// <summary>Describes a network.</summary>
    /// <param name="inputChannels">Input channels, in [1, 4096].</param>
    /// <param name="inputSize">Height and width of the input, in [4, 1024].</param>
    /// <param name="widths">Neurons of each hidden layer, 1 to 64 layers.</param>
    /// <param name="outputCount">Outputs, at least 1.</param>
    public MlpArchitecture(int inputChannels, int inputSize, IReadOnlyList<int> widths, int outputCount)
        : base(inputChannels, inputSize, outputCount)
    {
        ArgumentNullException.ThrowIfNull(widths);
        Check(widths.Count, 1, 64, "The number of hidden layers");
        Widths = [.. widths];
        Describe(Widths.Select((width, layer) => new UnitSpace(LayerOf(layer), width)), DescribeLayers());
    }

    /// <summary>Neurons of each hidden layer.</summary>
    public IReadOnlyList<int> Widths { get; }

    /// <inheritdoc/>
    public override string Family => FamilyName;

    private protected override string Arguments => $"{InputShape};{string.Join('-', Widths)};{OutputCount}";

    /// <inheritdoc/>
    public override NetworkArchitecture Resize(IReadOnlyDictionary<string, int> widths, int outputCount)
    {
        ArgumentNullException.ThrowIfNull(widths);
        return new MlpArchitecture(Channels, Side, [.. UnitSpaces.Select(space => widths[space.Name])], outputCount);
    }

    /// <inheritdoc/>
    public override Network Build(TorchSharp.torch.Generator generator) => new Mlp(this, generator);

    /// <summary>Two descriptions are equal when their text is.</summary>
    public bool Equals(MlpArchitecture? other) => base.Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => base.GetHashCode();

    [Named("mlp", "two hidden layers of 512 and 256 units", Order = 1)]
    internal static MlpArchitecture Usual(int outputs, int imageSize) => new(3, imageSize, [512, 256], outputs);

    [Named(FamilyName, "linear layers")]
    internal static NetworkArchitecture Parse(string text) =>
        ArchitectureText.Read(
            text,
            "mlp(3x32x32;512-256;10)",
            arguments =>
            {
                ArchitectureText.Count(arguments, 3);
                var (channels, size) = ArchitectureText.Input(arguments[0]);
                return new MlpArchitecture(
                    channels,
                    size,
                    ArchitectureText.Numbers(arguments[1], '-'),
                    ArchitectureText.Number(arguments[2])
                );
            }
        );

    internal static string LayerOf(int layer) => $"fc{layer + 1}";

    private IEnumerable<Layer> DescribeLayers()
    {
        AxisUnits source = new(UnitSpace.Input, Inner: Side * Side);
        for (int layer = 0; layer < Widths.Count; layer++)
        {
            yield return Layer.Linear(LayerOf(layer), LayerOf(layer), source);
            source = LayerOf(layer);
        }

        yield return Layer.Linear("head", UnitSpace.Output, source);
    }
}

/// <summary>The network of an <see cref="MlpArchitecture"/>.</summary>
internal sealed class Mlp(MlpArchitecture architecture, Generator generator) : LayeredNetwork(architecture, generator)
{
    public override Tensor Features(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = input.flatten(1);
        for (int layer = 0; layer < architecture.Widths.Count; layer++)
            x = F.relu(Apply(MlpArchitecture.LayerOf(layer), x), inplace: true);
        return x.MoveToOuterDisposeScope();
    }

    public override Tensor Head(Tensor features) => Apply("head", features);
}
