using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Compression;

/// <summary>
/// Stores what another compressor made as fp16, half the bytes. Values round to the nearest, ties to even; a magnitude above
/// 65504 becomes 65504. With <see cref="ErrorFeedback"/> what that drops is sent with the next update.
/// </summary>
public sealed class HalfPrecisionCompressor : IDeltaCompressor
{
    private readonly IDeltaCompressor _inner;

    /// <summary>Wraps a compressor.</summary>
    /// <param name="inner">The compressor whose values are rounded.</param>
    public HalfPrecisionCompressor(IDeltaCompressor inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _inner = inner;
    }

    /// <inheritdoc/>
    public string Name => $"{_inner.Name}-{CompressionSettings.HalfPrecisionMark}";

    /// <inheritdoc/>
    public CompressedDelta Compress(WeightSet delta) => new([.. _inner.Compress(delta).Tensors.Select(Round)]);

    private static CompressedTensor Round(CompressedTensor tensor)
    {
        if (tensor.Format == ValueFormat.Fp16) return tensor;
        CompressedTensor rounded = tensor switch
        {
            DenseTensor dense => dense with { Values = Fp16Bytes.FromFp32(dense.Values) },
            LowRankTensor low => low with
            {
                Left = Fp16Bytes.FromFp32(low.Left),
                Singular = Fp16Bytes.FromFp32(low.Singular),
                Right = Fp16Bytes.FromFp32(low.Right),
            },
            ProductTensor product => product with { Left = Fp16Bytes.FromFp32(product.Left), Right = Fp16Bytes.FromFp32(product.Right) },
            _ => throw new NotSupportedException($"Tensor '{tensor.Name}' of form {tensor.GetType().Name} is no update by itself."),
        };
        return rounded with { Format = ValueFormat.Fp16 };
    }
}
