using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging;

/// <summary>The update a node made to a module, <c>ΔW_k,n = W_k,n - W_k,base</c> (proposal 3.4).</summary>
public static class WeightDelta
{
    /// <summary>Subtracts the weights a node started from.</summary>
    /// <param name="baseWeights">Weights before local training. Borrowed.</param>
    /// <param name="updated">Weights after it, of the same names and shapes. Borrowed.</param>
    /// <returns>The update, in the base's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">Names or shapes differ; the message names the first.</exception>
    public static WeightSet Between(WeightSet baseWeights, WeightSet updated)
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        ArgumentNullException.ThrowIfNull(updated);
        WeightSchema.RequireSame(baseWeights, updated, nameof(updated));
        return baseWeights.Map((name, tensor) => updated[name] - tensor);
    }
}
