using static TorchSharp.torch;

namespace Dmkd.Core.Modules;

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
