using static TorchSharp.torch;

namespace Dmkd.Core.Merging;

/// <summary>The last step of every merge: from a float64 sum to a weight.</summary>
internal static class MergedWeight
{
    private const string VarianceSuffix = ".running_var";

    // Smallest normal float32: batch norm adds its own, far larger epsilon, and a larger floor would change the true
    // variances of silent channels.
    private const double SmallestVariance = 1.17549435e-38;

    /// <summary>Rounds once to float32. Variances are kept positive: an update can push them to zero or below, where batch norm gives NaN.</summary>
    /// <param name="name">Name of the weight.</param>
    /// <param name="sum">Base plus update, float64. Taken over: it may be changed.</param>
    /// <returns>The weight, in the current dispose scope.</returns>
    /// <exception cref="ArgumentException">A value is not finite; the message names the tensor.</exception>
    public static Tensor Round(string name, Tensor sum)
    {
        if (name.EndsWith(VarianceSuffix, StringComparison.Ordinal)) sum.clamp_min_(SmallestVariance);
        var weight = sum.to(ScalarType.Float32);
        WeightSchema.RequireFinite(name, weight, "the merged weights");
        return weight;
    }
}
