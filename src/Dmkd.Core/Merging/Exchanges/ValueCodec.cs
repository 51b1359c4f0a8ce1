using System.Runtime.InteropServices;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// How values are stored: little-endian, row-major. Sent and stored: numbers are explicit and never renumbered.
/// </summary>
public enum ValueFormat
{
    /// <summary>IEEE 754 binary32, 4 bytes a value: what a network's weights are, so nothing is lost.</summary>
    Fp32 = 0,

    /// <summary>
    /// IEEE 754 binary16, 2 bytes a value: 11 significant bits for magnitudes in [6.2e-5, 65504], fewer down to 6e-8.
    /// </summary>
    Fp16 = 1,
}

/// <summary>Moves values between tensors and bytes of a <see cref="ValueFormat"/>.</summary>
internal static class ValueCodec
{
    /// <summary>Size of one value.</summary>
    public static int BytesPerValue(ValueFormat format) => format == ValueFormat.Fp16 ? sizeof(ushort) : sizeof(float);

    /// <summary>The largest magnitude; not finite as soon as one value is not. Allocates nothing.</summary>
    /// <param name="bytes">Whole values.</param>
    /// <param name="format">Their format.</param>
    public static float MaxMagnitude(ReadOnlySpan<byte> bytes, ValueFormat format) =>
        format == ValueFormat.Fp16 ? Fp16Bytes.MaxMagnitude(bytes) : Fp32Bytes.MaxMagnitude(bytes);

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
    public static Tensor Decode(ReadOnlyMemory<byte> bytes, ValueFormat format, params ReadOnlySpan<long> shape) =>
        TensorMemory.FromBytes(format == ValueFormat.Fp16 ? Fp16Bytes.ToFp32(bytes.Span) : bytes.Span, shape);
}

/// <summary>Writes float16 values as little-endian bytes and reads those that may come from a stranger.</summary>
internal static class Fp16Bytes
{
    /// <summary>The largest finite float16.</summary>
    public const float Largest = 65504;

    /// <summary>The largest magnitude.</summary>
    /// <param name="bytes">Whole float16 values.</param>
    /// <returns>Zero for no values; not finite as soon as one value is not.</returns>
    public static float MaxMagnitude(ReadOnlySpan<byte> bytes)
    {
        // Ordered like float32 patterns, see Fp32Bytes.
        int largest = 0;
        foreach (ushort bits in MemoryMarshal.Cast<byte, ushort>(bytes))
            largest = Math.Max(largest, bits & 0x7FFF);
        return (float)BitConverter.UInt16BitsToHalf((ushort)largest);
    }

    /// <summary>
    /// Rounds to the nearest float16, ties to even; a magnitude above <see cref="Largest"/> becomes that, with its
    /// sign.
    /// </summary>
    /// <param name="fp32">Whole, finite float32 values.</param>
    public static byte[] FromFp32(ReadOnlySpan<byte> fp32)
    {
        var values = MemoryMarshal.Cast<byte, float>(fp32);
        byte[] bytes = new byte[values.Length * sizeof(ushort)];
        var halves = MemoryMarshal.Cast<byte, Half>(bytes.AsSpan());
        for (int i = 0; i < values.Length; i++)
            halves[i] = (Half)Math.Clamp(values[i], -Largest, Largest);
        return bytes;
    }

    /// <summary>Widens to float32, without loss.</summary>
    /// <param name="fp16">Whole float16 values.</param>
    public static byte[] ToFp32(ReadOnlySpan<byte> fp16)
    {
        var halves = MemoryMarshal.Cast<byte, Half>(fp16);
        byte[] bytes = new byte[halves.Length * sizeof(float)];
        var values = MemoryMarshal.Cast<byte, float>(bytes.AsSpan());
        for (int i = 0; i < halves.Length; i++)
            values[i] = (float)halves[i];
        return bytes;
    }
}

/// <summary>Reads float32 values from little-endian bytes that may come from a stranger.</summary>
internal static class Fp32Bytes
{
    /// <summary>The largest magnitude.</summary>
    /// <param name="bytes">Whole float32 values.</param>
    /// <returns>Zero for no values; not finite as soon as one value is not.</returns>
    public static float MaxMagnitude(ReadOnlySpan<byte> bytes)
    {
        // Without the sign, float32 bit patterns order like their values, with infinity and NaN above all others.
        uint largest = 0;
        foreach (uint bits in MemoryMarshal.Cast<byte, uint>(bytes))
            largest = Math.Max(largest, bits & 0x7FFF_FFFF);
        return BitConverter.UInt32BitsToSingle(largest);
    }
}

/// <summary>Puts the payloads of several nodes side by side.</summary>
internal static class PayloadTable
{
    /// <summary>
    /// The tensors of each name, one per payload in the order given; names in the first payload's order.
    /// </summary>
    /// <param name="payloads">At least one payload, all of the same names and shapes.</param>
    /// <exception cref="ArgumentException">Names or shapes differ; the message names the first.</exception>
    public static IEnumerable<IReadOnlyList<CompressedTensor>> Rows(IReadOnlyList<CompressedDelta> payloads)
    {
        var byName = payloads
            .Select(payload => payload.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal))
            .ToArray();
        if (byName.FirstOrDefault(tensors => tensors.Count != byName[0].Count) is { } other)
            throw new ArgumentException(
                $"Payloads must hold the same tensors; one holds {byName[0].Count}, another {other.Count}.",
                nameof(payloads)
            );
        return payloads[0].Tensors.Select(first => byName.Select(tensors => Same(first, tensors)).ToArray());
    }

    private static CompressedTensor Same(CompressedTensor first, Dictionary<string, CompressedTensor> tensors) =>
        tensors.TryGetValue(first.Name, out var tensor) && tensor.Shape.AsSpan().SequenceEqual(first.Shape)
            ? tensor
            : throw new ArgumentException(
                $"Tensor '{first.Name}' of shape {WeightSchema.Text(first.Shape)} is not in every payload.",
                nameof(tensors)
            );
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
        if (payloadCount == 0)
            throw new ArgumentException("A merge needs at least one payload.", nameof(weights));
        if (weights.Count != payloadCount)
            throw new ArgumentException(
                $"{payloadCount} payloads need as many weights, not {weights.Count}.",
                nameof(weights)
            );
        foreach (double weight in weights)
            if (!double.IsFinite(weight) || weight < 0)
                throw new ArgumentException(
                    $"A weight must be finite and not negative; one is {weight}.",
                    nameof(weights)
                );
        double total = weights.Sum();
        return total > 0 && double.IsFinite(total)
            ? total
            : throw new ArgumentException(
                $"The sum of the weights must be positive and finite; it is {total}.",
                nameof(weights)
            );
    }

    /// <summary>
    /// Requires weights that are normalised already: as <see cref="RequireValid"/>, with a sum of at most 1.
    /// </summary>
    /// <exception cref="ArgumentException">They are not as described.</exception>
    public static void RequireNormalised(int payloadCount, IReadOnlyList<double> weights)
    {
        double total = RequireValid(payloadCount, weights);
        if (total > 1 + Tolerance)
            throw new ArgumentException(
                $"The sum of the weights must be at most 1; it is {total}. Divide them by it.",
                nameof(weights)
            );
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
