using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Merging.Exchanges;

/// <summary>A PowerSGD round as nodes and coordinator run it, with every payload kept. Owns the residuals.</summary>
internal sealed record PowerSgdRound(
    CompressedDelta[] Projections,
    CompressedDelta Basis,
    CompressedDelta[] Sent,
    CompressedDelta[] Updates,
    WeightSet[] Residuals,
    CompressedDelta? Merged
) : IDisposable
{
    public const int Rank = 4;

    public static PowerSgdRound Run(
        WeightSet[] deltas,
        CompressedDelta subspace,
        double[]? weights = null,
        ValueFormat format = ValueFormat.Fp32,
        int rank = Rank,
        WeightSet[]? residuals = null
    )
    {
        weights ??= [.. deltas.Select(_ => 1.0 / deltas.Length)];
        var projections = deltas.Select((delta, i) => Project(delta, residuals?[i], subspace, format)).ToArray();
        var basis = PowerSgdProjection.Basis(projections, weights, format);
        var exchange = UpdateExchanges.Create(
            new ExchangeOptions("powersgd", rank, HalfPrecision: format == ValueFormat.Fp16)
        );
        var compressed = deltas.Select((delta, i) => Packing.Feed(exchange, delta, residuals?[i], basis)).ToArray();
        var sent = compressed.Select(result => PowerSgdPayload.WithoutBasis(result.Sent)).ToArray();
        var updates = sent.Select(payload => PowerSgdPayload.WithBasis(payload, basis)).ToArray();
        return new PowerSgdRound(
            projections,
            basis,
            sent,
            updates,
            [.. compressed.Select(result => result.Residual)],
            MergedDelta.Mean(updates, weights)
        );
    }

    /// <summary>The basis of a matrix, as everyone decodes it. Owned by the caller's scope.</summary>
    public Tensor BasisOf(string name, long rows)
    {
        var factor = (LeftFactorTensor)Basis.Tensors.Single(tensor => tensor.Name == name);
        return ValueCodec.Decode(factor.Left, factor.Format, rows, factor.Rank);
    }

    /// <summary>All bytes of a payload's values, in its order.</summary>
    public static byte[] BytesOf(CompressedDelta delta) =>
        [
            .. delta.Tensors.SelectMany(tensor =>
                tensor switch
                {
                    LeftFactorTensor left => left.Left.ToArray(),
                    RightFactorTensor right => right.Right.ToArray(),
                    _ => ((DenseTensor)tensor).Values.ToArray(),
                }
            ),
        ];

    public void Dispose()
    {
        foreach (var residual in Residuals)
            residual.Dispose();
    }

    private static CompressedDelta Project(
        WeightSet delta,
        WeightSet? residual,
        CompressedDelta subspace,
        ValueFormat format
    )
    {
        using var wanted = ErrorFeedback.Add(delta, residual);
        return PowerSgdProjection.Project(wanted, subspace, format);
    }
}
