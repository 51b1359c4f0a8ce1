using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Compression;

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
