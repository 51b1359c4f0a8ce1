namespace Dmkd.Core.Merging.Compression;

/// <summary>Checks the weights of a sum over nodes.</summary>
internal static class MergeWeights
{
    // A normalised sum of many weights is 1 up to rounding.
    private const double Tolerance = 1e-9;

    /// <summary>Requires one weight per payload, finite and not negative, not all zero.</summary>
    /// <returns>Their sum.</returns>
    /// <exception cref="ArgumentException">They are not as described.</exception>
    public static double RequireValid(int payloadCount, IReadOnlyList<double> weights)
    {
        if (payloadCount == 0) throw new ArgumentException("A merge needs at least one payload.", nameof(weights));
        if (weights.Count != payloadCount) throw new ArgumentException($"{payloadCount} payloads need as many weights, not {weights.Count}.", nameof(weights));
        foreach (double weight in weights)
            if (!double.IsFinite(weight) || weight < 0)
                throw new ArgumentException($"A weight must be finite and not negative; one is {weight}.", nameof(weights));
        double total = weights.Sum();
        return total > 0 && double.IsFinite(total)
            ? total
            : throw new ArgumentException($"The sum of the weights must be positive and finite; it is {total}.", nameof(weights));
    }

    /// <summary>Requires weights that are normalised already: as <see cref="RequireValid"/>, with a sum of at most 1.</summary>
    /// <exception cref="ArgumentException">They are not as described.</exception>
    public static void RequireNormalised(int payloadCount, IReadOnlyList<double> weights)
    {
        double total = RequireValid(payloadCount, weights);
        if (total > 1 + Tolerance) throw new ArgumentException($"The sum of the weights must be at most 1; it is {total}. Divide them by it.", nameof(weights));
    }
}
