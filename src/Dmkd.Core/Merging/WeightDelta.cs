using Dmkd.Core.Tensors;
using static TorchSharp.torch;

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

/// <summary>Names and shapes that the weights of one module share.</summary>
internal static class WeightSchema
{
    /// <summary>Compares names and shapes.</summary>
    /// <param name="expected">The module's weights. Borrowed.</param>
    /// <param name="actual">The weights to check. Borrowed.</param>
    /// <param name="what">What messages call them.</param>
    /// <exception cref="ArgumentException">They differ; the message names the first tensor and both shapes.</exception>
    public static void RequireSame(WeightSet expected, WeightSet actual, string what)
    {
        foreach (string name in actual.Keys.Where(name => !expected.ContainsKey(name)))
            throw new ArgumentException($"Tensor '{name}' of {what} is not among the base weights.", what);
        foreach (var (name, tensor) in expected)
        {
            if (!actual.TryGetValue(name, out var other))
                throw new ArgumentException($"Tensor '{name}' is missing in {what}.", what);
            if (!tensor.shape.AsSpan().SequenceEqual(other.shape))
                throw new ArgumentException(
                    $"Tensor '{name}' of {what} has shape {Text(other.shape)}; the base weights have {Text(tensor.shape)}.",
                    what
                );
        }
    }

    /// <summary>Refuses infinities and NaN, which decompositions and means would spread silently.</summary>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public static void RequireFinite(string name, Tensor tensor, string what)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (!tensor.isfinite().all().item<bool>())
            throw new ArgumentException($"Tensor '{name}' of {what} holds a value that is not finite.", what);
    }

    /// <summary>A shape as text.</summary>
    public static string Text(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}

/// <summary>Tells batch norm's running statistics from the weights that are trained, by name.</summary>
public static class RunningStatistics
{
    /// <summary>Whether a tensor is a running mean or variance.</summary>
    /// <param name="name">Name of a weight, such as <c>bn1.running_var</c>.</param>
    public static bool Contains(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.EndsWith(".running_mean", StringComparison.Ordinal) || IsVariance(name);
    }

    /// <summary>Whether a tensor is a running variance.</summary>
    /// <param name="name">Name of a weight, such as <c>bn1.running_var</c>.</param>
    public static bool IsVariance(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.EndsWith(".running_var", StringComparison.Ordinal);
    }

    /// <summary>Name of the running mean that belongs to a running variance.</summary>
    /// <param name="variance">Such as <c>bn1.running_var</c>.</param>
    public static string MeanOf(string variance)
    {
        ArgumentNullException.ThrowIfNull(variance);
        return variance[..^"var".Length] + "mean";
    }
}

/// <summary>The last step of every merge: from a float64 sum to a weight.</summary>
internal static class MergedWeight
{
    private const string VarianceSuffix = ".running_var";

    // Smallest normal float32: batch norm adds its own, far larger epsilon, and a larger floor would change the true
    // variances of silent channels.
    private const double MinVariance = 1.17549435e-38;

    /// <summary>
    /// Rounds once to float32. Variances are kept positive: an update can push them to zero or below, where batch norm
    /// gives NaN.
    /// </summary>
    /// <param name="name">Name of the weight.</param>
    /// <param name="sum">Base plus update, float64. Taken over: it may be changed.</param>
    /// <returns>The weight, in the current dispose scope.</returns>
    /// <exception cref="ArgumentException">A value is not finite; the message names the tensor.</exception>
    public static Tensor Round(string name, Tensor sum)
    {
        if (name.EndsWith(VarianceSuffix, StringComparison.Ordinal))
            sum.clamp_min_(MinVariance);
        var weight = sum.to(ScalarType.Float32);
        WeightSchema.RequireFinite(name, weight, "the merged weights");
        return weight;
    }
}

/// <summary>
/// Applies a round's merged update, <c>W_k = W_k,base + ΔW_k</c> (proposal 3.4), in float64 with one rounding at the
/// end. A merge rule makes that update.
/// </summary>
public static class ModuleAverager
{
    /// <summary>
    /// Adds an update. Running variances are kept positive, since batch norm takes their square root.
    /// </summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="update">Of the base's names and shapes, float64 or float32. Borrowed.</param>
    /// <returns>The new weights, float32, in the base's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">Other names or shapes, or a result that is not finite; the message names the
    /// tensor.</exception>
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
        return MergedWeight
            .Round(name, start.to(ScalarType.Float64, copy: true).add_(update))
            .MoveToOuterDisposeScope();
    }
}
