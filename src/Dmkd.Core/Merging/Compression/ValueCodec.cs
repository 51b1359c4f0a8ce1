using Dmkd.Core.Checkpoints;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Compression;

/// <summary>Moves values between tensors and bytes of a <see cref="ValueFormat"/>.</summary>
internal static class ValueCodec
{
    /// <summary>Size of one value.</summary>
    public static int BytesPerValue(ValueFormat format) => format == ValueFormat.Fp16 ? sizeof(ushort) : sizeof(float);

    /// <summary>The largest magnitude; not finite as soon as one value is not. Allocates nothing.</summary>
    /// <param name="bytes">Whole values.</param>
    /// <param name="format">Their format.</param>
    public static float LargestMagnitude(ReadOnlySpan<byte> bytes, ValueFormat format) =>
        format == ValueFormat.Fp16 ? Fp16Bytes.LargestMagnitude(bytes) : Fp32Bytes.LargestMagnitude(bytes);

    /// <summary>Stores a tensor.</summary>
    /// <param name="tensor">Finite values of any shape. Borrowed.</param>
    /// <param name="format">The format; see <see cref="Fp16Bytes.FromFp32"/> for how fp16 rounds.</param>
    public static byte[] Encode(Tensor tensor, ValueFormat format)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        byte[] fp32 = TensorMemory.ToBytes(tensor.detach().to(ScalarType.Float32));
        return format == ValueFormat.Fp16 ? Fp16Bytes.FromFp32(fp32) : fp32;
    }

    /// <summary>Reads a tensor.</summary>
    /// <param name="bytes">As many whole values as the shape has.</param>
    /// <param name="format">Their format.</param>
    /// <param name="shape">The tensor's shape.</param>
    /// <returns>Float32, in the caller's dispose scope.</returns>
    public static Tensor Decode(byte[] bytes, ValueFormat format, params ReadOnlySpan<long> shape) =>
        TensorMemory.FromBytes(format == ValueFormat.Fp16 ? Fp16Bytes.ToFp32(bytes) : bytes, shape);
}
