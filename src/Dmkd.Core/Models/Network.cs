using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>A network built from a <see cref="NetworkArchitecture"/>. Owns its tensors.</summary>
public abstract class Network : nn.Module<Tensor, Tensor>
{
    /// <summary>Starts a network.</summary>
    /// <param name="architecture">What it was built from.</param>
    protected Network(NetworkArchitecture architecture)
        : base(architecture.Family) => Architecture = architecture;

    /// <summary>What the network was built from.</summary>
    public NetworkArchitecture Architecture { get; }

    /// <summary>Device its weights are on.</summary>
    public Device Device => parameters().First().device;

    /// <summary>Maps inputs to the features its head reads.</summary>
    /// <param name="input">Shape [batch, channels, height, width]. Borrowed.</param>
    /// <returns>Shape [batch, features], owned by the caller.</returns>
    public abstract Tensor Features(Tensor input);

    /// <summary>Maps features to logits.</summary>
    /// <param name="features">Shape [batch, features]. Borrowed.</param>
    /// <returns>Shape [batch, outputs], owned by the caller.</returns>
    public abstract Tensor Head(Tensor features);

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var features = Features(input);
        return Head(features);
    }

    /// <summary>The architecture's text form.</summary>
    public override string ToString() => Architecture.ToString()!;
}

/// <summary>
/// Describes a network so that it can be built, cut to a subset of its units and stored by name. The text form
/// (<see cref="object.ToString"/>) is stable and is read back by <see cref="ArchitectureCatalog.Parse"/>.
/// </summary>
public abstract record NetworkArchitecture
{
    /// <summary>Short name of the family, such as <c>convnet</c>.</summary>
    public abstract string Family { get; }

    /// <summary>Name of the modality whose inputs it takes. Default: images.</summary>
    public virtual string Modality => "images";

    /// <summary>Shape of one input; of images: channels, height, width.</summary>
    public abstract InputShape InputShape { get; }

    /// <summary>Number of outputs (logits).</summary>
    public abstract int OutputCount { get; }

    /// <summary>
    /// The spaces that can be cut, in network order; without <see cref="UnitSpace.Input"/> and
    /// <see cref="UnitSpace.Output"/>.
    /// </summary>
    public abstract IReadOnlyList<UnitSpace> UnitSpaces { get; }

    /// <summary>The axes of every tensor in the network's state, in network order.</summary>
    public abstract IReadOnlyList<WeightAxes> Weights { get; }

    /// <summary>Number of trainable values; batch-norm statistics are not counted.</summary>
    public abstract long ParameterCount { get; }

    /// <summary>Multiply-accumulate operations of one forward pass of one input.</summary>
    public abstract long MultiplyAdds { get; }

    /// <summary>The same family with other widths and outputs.</summary>
    /// <param name="widths">Width of every cuttable space, at least 1 each.</param>
    /// <param name="outputCount">Number of outputs, at least 1.</param>
    public abstract NetworkArchitecture Resize(IReadOnlyDictionary<string, int> widths, int outputCount);

    /// <summary>The same family with other widths and outputs.</summary>
    /// <param name="widthOf">Width of a cuttable space, at least 1.</param>
    /// <param name="outputCount">Number of outputs, at least 1.</param>
    public NetworkArchitecture Resize(Func<UnitSpace, int> widthOf, int outputCount) =>
        Resize(UnitSpaces.ToDictionary(space => space.Name, widthOf, StringComparer.Ordinal), outputCount);

    /// <summary>
    /// The same family, cut to some of its units. Families whose structure depends on which units stay override this.
    /// </summary>
    /// <param name="units">The units of every cuttable space that stay, ascending, at least one each.</param>
    /// <param name="outputCount">Number of outputs, at least 1.</param>
    public virtual NetworkArchitecture Cut(IReadOnlyDictionary<string, IReadOnlyList<int>> units, int outputCount)
    {
        ArgumentNullException.ThrowIfNull(units);
        return Resize(
            units.ToDictionary(pair => pair.Key, pair => pair.Value.Count, StringComparer.Ordinal),
            outputCount
        );
    }

    /// <summary>Builds a network with random weights.</summary>
    /// <param name="generator">Source of the weights. Borrowed: its state advances.</param>
    /// <returns>A network owned by the caller, on the CPU. Built inside a dispose scope, its tensors belong to that
    /// scope.</returns>
    public abstract Network Build(torch.Generator generator);
}
