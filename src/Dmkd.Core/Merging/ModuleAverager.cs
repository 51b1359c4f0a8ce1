using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging;

/// <summary>
/// Applies a round's merged update, <c>W_k = W_k,base + ΔW_k</c> (proposal 3.4), in float64 with one rounding at the end.
/// A merge rule makes that update.
/// </summary>
public static class ModuleAverager
{
    /// <summary>Adds an update. Running variances are kept positive, since batch norm takes their square root.</summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="update">Of the base's names and shapes, float64 or float32. Borrowed.</param>
    /// <returns>The new weights, float32, in the base's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">Other names or shapes, or a result that is not finite; the message names the tensor.</exception>
    public static WeightSet Apply(WeightSet baseWeights, WeightSet update)
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        ArgumentNullException.ThrowIfNull(update);
        WeightSchema.RequireSame(baseWeights, update, nameof(update));
        return baseWeights.Map((name, start) => Add(name, start, update[name]));
    }

    private static Tensor Add(string name, Tensor start, Tensor update)
    {
        using var scope = NewDisposeScope();
        return MergedWeight.Round(name, start.to(ScalarType.Float64, copy: true).add_(update)).MoveToOuterDisposeScope();
    }
}
