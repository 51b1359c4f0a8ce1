using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// Sends what another exchange packed as fp16, half the bytes. Values round to the nearest, ties to even; a magnitude
/// above 65504 becomes 65504. With <see cref="ErrorFeedback"/> what that drops is sent with the next update.
/// </summary>
/// <param name="inner">The exchange whose values are rounded; its parts of a basis come in whatever format it gives
/// them.</param>
public sealed class HalfPrecisionExchange(IUpdateExchange inner) : IUpdateExchange
{
    /// <inheritdoc/>
    public bool HasSharedBasis => inner.HasSharedBasis;

    /// <inheritdoc/>
    public bool UpdatesNeedBasis => inner.UpdatesNeedBasis;

    /// <inheritdoc/>
    public bool NeedsReplica => inner.NeedsReplica;

    /// <inheritdoc/>
    public CompressedDelta Propose(NodeUpdate update) => inner.Propose(update);

    /// <inheritdoc/>
    public string? CheckProposal(WeightSet baseWeights, CompressedDelta proposal) =>
        inner.CheckProposal(baseWeights, proposal);

    /// <inheritdoc/>
    public CompressedDelta MakeBasis(IReadOnlyList<Proposal> proposalsInNodeOrder) =>
        inner.MakeBasis(proposalsInNodeOrder);

    /// <inheritdoc/>
    public CompressedDelta Pack(NodeUpdate update, CompressedDelta? basis) =>
        new([.. inner.Pack(update, basis).Tensors.Select(Round)]);

    /// <inheritdoc/>
    public string? Check(WeightSet baseWeights, CompressedDelta payload, CompressedDelta? basis) =>
        inner.Check(baseWeights, payload, basis);

    /// <inheritdoc/>
    public CompressedDelta? Combine(
        IReadOnlyList<CompressedDelta> updatesInNodeOrder,
        Func<string, IReadOnlyList<double>> weightsOf
    ) => inner.Combine(updatesInNodeOrder, weightsOf);

    private static CompressedTensor Round(CompressedTensor tensor)
    {
        if (tensor.Format == ValueFormat.Fp16)
            return tensor;
        CompressedTensor rounded = tensor switch
        {
            DenseTensor dense => dense with { Values = Half(dense.Values) },
            LowRankTensor low => low with
            {
                Left = Half(low.Left),
                Singular = Half(low.Singular),
                Right = Half(low.Right),
            },
            ProductTensor product => product with { Left = Half(product.Left), Right = Half(product.Right) },
            _ => throw new NotSupportedException(
                $"Tensor '{tensor.Name}' of form {tensor.GetType().Name} is no update by itself."
            ),
        };
        return rounded with { Format = ValueFormat.Fp16 };
    }

    private static byte[] Half(ReadOnlyMemory<byte> values) => Fp16Bytes.FromFp32(values.Span);
}

/// <summary>Sends every tensor whole: the control without compression.</summary>
public sealed class DenseExchange : IUpdateExchange
{
    /// <summary>The name.</summary>
    public const string Name = "dense";

    /// <inheritdoc/>
    public CompressedDelta Pack(NodeUpdate update, CompressedDelta? basis)
    {
        ArgumentNullException.ThrowIfNull(update);
        return Whole(update.Delta);
    }

    /// <summary>An update, whole.</summary>
    /// <param name="delta">Finite values. Borrowed.</param>
    /// <exception cref="ArgumentException">A value is not finite; the message names the tensor.</exception>
    public static CompressedDelta Whole(WeightSet delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        return new CompressedDelta([.. delta.Select(pair => Whole(pair.Key, pair.Value))]);
    }

    /// <summary>One tensor, whole.</summary>
    internal static DenseTensor Whole(string name, Tensor tensor)
    {
        WeightSchema.RequireFinite(name, tensor, "delta");
        return new DenseTensor(name, tensor.shape, ValueCodec.Encode(tensor, ValueFormat.Fp32));
    }
}
