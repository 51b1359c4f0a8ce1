using Dmkd.Core.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>Builds networks whose weights are known, ready to be asked.</summary>
public static class NetworkLoader
{
    /// <summary>Builds a network from what is stored of it.</summary>
    /// <param name="architecture">Text form of its architecture.</param>
    /// <param name="content">Its weights, as <see cref="WeightCodec"/> writes them.</param>
    /// <param name="device">Where it is to be.</param>
    /// <returns>In evaluation mode, owned by the caller. Built inside a dispose scope, its tensors belong to that
    /// scope.</returns>
    /// <exception cref="FormatException">The text is no architecture.</exception>
    /// <exception cref="CheckpointFormatException">The bytes are no weights, or one is not finite.</exception>
    /// <exception cref="ArgumentException">The weights do not fit the architecture; the message names the first that
    /// does not.</exception>
    public static Network Load(string architecture, ReadOnlySpan<byte> content, Device device)
    {
        var parsed = ArchitectureCatalog.Parse(architecture);
        using var weights = WeightCodec.Decode(content);
        foreach (var (name, weight) in weights)
            if (FiniteValues.ProblemOf(weight) is { } problem)
                throw new CheckpointFormatException(
                    $"The weight {CheckpointFormatException.Quote(name)} of {architecture} {problem}."
                );
        return Load(parsed, weights, device);
    }

    /// <summary>Builds a network from weights.</summary>
    /// <param name="architecture">What to build.</param>
    /// <param name="weights">Borrowed.</param>
    /// <param name="device">Where it is to be.</param>
    /// <returns>In evaluation mode, owned by the caller. Built inside a dispose scope, its tensors belong to that
    /// scope.</returns>
    /// <exception cref="ArgumentException">The weights do not fit the architecture; the message names the first that
    /// does not.</exception>
    public static Network Load(NetworkArchitecture architecture, WeightSet weights, Device device)
    {
        using var generator = new Generator(0UL, CPU);
        return Load(architecture, weights, device, generator);
    }

    /// <summary>
    /// As the other overload, for work whose random numbers begin after the network: building it draws from the
    /// generator.
    /// </summary>
    /// <param name="architecture">What to build.</param>
    /// <param name="weights">Borrowed.</param>
    /// <param name="device">Where it is to be.</param>
    /// <param name="generator">Source of the weights that are then overwritten. Borrowed: its state advances.</param>
    /// <returns>In evaluation mode, owned by the caller. Built inside a dispose scope, its tensors belong to that
    /// scope.</returns>
    /// <exception cref="ArgumentException">The weights do not fit the architecture; the message names the first that
    /// does not.</exception>
    public static Network Load(NetworkArchitecture architecture, WeightSet weights, Device device, Generator generator)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(generator);
        var network = architecture.Build(generator);
        try
        {
            weights.CopyTo(network);
            network.to(device);
            network.eval();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }
}
