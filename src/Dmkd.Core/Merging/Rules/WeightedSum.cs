using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Rules;

/// <summary>The arithmetic of linear rules.</summary>
internal static class WeightedSum
{
    /// <summary><c>(Σ_n w_n ΔW_n) / divisor</c> in float64, summed in the order given.</summary>
    /// <param name="tensors">One tensor of every update, all of one shape. Borrowed.</param>
    /// <param name="weights">One per tensor.</param>
    /// <param name="divisor">Positive.</param>
    /// <returns>Float64, owned by the caller.</returns>
    public static Tensor Of(IReadOnlyList<Tensor> tensors, IReadOnlyList<double> weights, double divisor) =>
        PiecewiseReduction.Run(tensors, (rows, sum) =>
        {
            for (int i = 0; i < rows.Length; i++)
            {
                if (weights[i] == 0) continue; // left out: zero times a value that is not finite would not be zero
                // Two roundings everywhere, never a fused one; times 1 is exact and need not be computed.
                sum.add_(weights[i] == 1 ? rows[i] : rows[i].to(ScalarType.Float64).mul_(weights[i]));
            }

            sum.div_(divisor);
        });
}
