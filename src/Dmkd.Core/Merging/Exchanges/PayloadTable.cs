using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>Puts the payloads of several nodes side by side.</summary>
internal static class PayloadTable
{
    /// <summary>The tensors of each name, one per payload in the order given; names in the first payload's order.</summary>
    /// <param name="payloads">At least one payload, all of the same names and shapes.</param>
    /// <exception cref="ArgumentException">Names or shapes differ; the message names the first.</exception>
    public static IEnumerable<IReadOnlyList<CompressedTensor>> Rows(IReadOnlyList<CompressedDelta> payloads)
    {
        var byName = payloads.Select(payload => payload.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal)).ToArray();
        if (byName.FirstOrDefault(tensors => tensors.Count != byName[0].Count) is { } other)
            throw new ArgumentException($"Payloads must hold the same tensors; one holds {byName[0].Count}, another {other.Count}.", nameof(payloads));
        return payloads[0].Tensors.Select(first => byName.Select(tensors => Same(first, tensors)).ToArray());
    }

    private static CompressedTensor Same(CompressedTensor first, Dictionary<string, CompressedTensor> tensors) =>
        tensors.TryGetValue(first.Name, out var tensor) && tensor.Shape.AsSpan().SequenceEqual(first.Shape)
            ? tensor
            : throw new ArgumentException($"Tensor '{first.Name}' of shape {WeightSchema.Text(first.Shape)} is not in every payload.", nameof(tensors));
}

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

/// <summary>The sum that every merge here makes: float64, in the order given.</summary>
internal static class WeightedSum
{
    /// <summary>Adds up <c>Σ w_i x_i</c>.</summary>
    /// <param name="values">At least one tensor, all of one shape. Borrowed.</param>
    /// <param name="weights">One weight per tensor.</param>
    /// <returns>Float64, in the current dispose scope.</returns>
    public static Tensor Of(IEnumerable<Tensor> values, IReadOnlyList<double> weights)
    {
        Tensor? sum = null;
        foreach (var (value, weight) in values.Zip(weights))
        {
            var weighted = value.to(ScalarType.Float64).mul(weight);
            sum = sum is null ? weighted : sum.add_(weighted);
        }

        return sum!;
    }
}
