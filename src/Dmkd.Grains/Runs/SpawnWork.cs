using Dmkd.Core.Checkpoints;
using Dmkd.Core.Modules;
using Dmkd.Core.Preservation;

namespace Dmkd.Grains.Runs;

/// <summary>First weights of a new module: synchronous tensor work, run on a device lane.</summary>
internal static class SpawnWork
{
    /// <summary>Weights drawn at random.</summary>
    public static byte[] Random(NetworkArchitecture architecture, ulong seed)
    {
        using var weights = WeightTransfer.RandomWeights(architecture, seed);
        return WeightCodec.Encode(weights);
    }

    /// <summary>The parent's features under a new, random head: what was learned before helps, and the parent stays as it is.</summary>
    /// <param name="architecture">The parent's architecture with the new module's outputs.</param>
    /// <param name="parent">The parent's weights, as safetensors.</param>
    /// <param name="seed">Seed of the head.</param>
    public static byte[] FromParent(NetworkArchitecture architecture, byte[] parent, ulong seed)
    {
        using var inherited = WeightCodec.Decode(parent);
        using var random = WeightTransfer.RandomWeights(architecture, seed);
        var head = architecture.Weights.Where(axes => axes.Rows.Space == UnitSpace.Output).Select(axes => axes.Name).ToHashSet(StringComparer.Ordinal);
        using var weights = random.Map((name, fresh) => (head.Contains(name) ? fresh : inherited[name]).clone());
        return WeightCodec.Encode(weights);
    }
}
