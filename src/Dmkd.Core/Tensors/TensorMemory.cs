using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>
/// Moves fp32 and other values between tensors and bytes (little-endian, row-major) through the tensor's own memory.
/// </summary>
public static class TensorMemory
{
    private const long ChunkElements = 1 << 24;

    /// <summary>Views a tensor as pieces whose <see cref="Tensor.bytes"/> fit a span, first values first.</summary>
    /// <param name="tensor">Contiguous, on the CPU. Borrowed: the pieces share its memory.</param>
    /// <returns>Views that belong to the caller's dispose scope.</returns>
    public static IEnumerable<Tensor> Chunks(Tensor tensor)
    {
        long count = tensor.numel();
        var flat = tensor.view(-1);
        for (long first = 0; first < count; first += ChunkElements)
            yield return flat.narrow(0, first, Math.Min(ChunkElements, count - first));
    }

    /// <summary>Copies a tensor's values.</summary>
    /// <param name="tensor">Any shape and device. Borrowed.</param>
    public static byte[] ToBytes(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        byte[] bytes = new byte[checked(tensor.numel() * tensor.element_size())];
        int written = 0;
        foreach (var chunk in Chunks(tensor.detach().cpu().contiguous()))
        {
            chunk.bytes.CopyTo(bytes.AsSpan(written));
            written += chunk.bytes.Length;
        }

        return bytes;
    }

    /// <summary>Makes a float32 tensor on the CPU.</summary>
    /// <param name="bytes">Its values, exactly as many as the shape has.</param>
    /// <param name="shape">Its shape.</param>
    /// <returns>A tensor owned by the caller, in the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">The number of bytes does not fit the shape.</exception>
    public static Tensor FromBytes(ReadOnlySpan<byte> bytes, ReadOnlySpan<long> shape)
    {
        long expected = sizeof(float);
        foreach (long dimension in shape)
            expected = checked(expected * dimension);
        if (bytes.Length != expected)
            throw new ArgumentException(
                $"Shape [{string.Join(", ", shape.ToArray())}] takes {expected} bytes, not {bytes.Length}.",
                nameof(bytes)
            );
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var tensor = empty(shape, dtype: ScalarType.Float32);
        foreach (var chunk in Chunks(tensor))
        {
            bytes[..chunk.bytes.Length].CopyTo(chunk.bytes);
            bytes = bytes[chunk.bytes.Length..];
        }

        return tensor.MoveToOuterDisposeScope();
    }

    /// <summary>Copies values out of a tensor.</summary>
    /// <param name="values">Float32 on the CPU, any shape. Borrowed.</param>
    public static float[] ToArray(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var flat = values.contiguous();
        return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(flat.bytes).ToArray();
    }
}
