using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Compression;

/// <summary>
/// Applies a compressed update to the weights it was made for. A merged version is what this gives for its base and its
/// <see cref="MergedDelta"/>, so a node that holds the base and gets the update computes the same bits as the coordinator on
/// the same kind of machine.
/// </summary>
public static class DeltaApplier
{
    /// <summary>
    /// Base plus update: factors multiplied and added in float64, rounded once to float32; variances are kept positive, as in
    /// <see cref="ModuleAverager"/>.
    /// </summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="delta">The update.</param>
    /// <returns>The weights, in the base's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">The update has a problem (<see cref="DeltaCheck"/>) or a result is not finite; the message names it.</exception>
    public static WeightSet Apply(WeightSet baseWeights, CompressedDelta delta)
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        ArgumentNullException.ThrowIfNull(delta);
        if (DeltaCheck.FindProblem(baseWeights, delta) is { } problem) throw new ArgumentException(problem, nameof(delta));
        var tensors = delta.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        return baseWeights.Map((name, start) => MergedWeight.Round(name, DeltaDecompressor.Precise(tensors[name]).add_(start)));
    }
}
