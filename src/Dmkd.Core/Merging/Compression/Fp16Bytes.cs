using System.Runtime.InteropServices;

namespace Dmkd.Core.Merging.Compression;

/// <summary>Writes float16 values as little-endian bytes and reads those that may come from a stranger.</summary>
internal static class Fp16Bytes
{
    /// <summary>The largest finite float16.</summary>
    public const float Largest = 65504;

    /// <summary>The largest magnitude.</summary>
    /// <param name="bytes">Whole float16 values.</param>
    /// <returns>Zero for no values; not finite as soon as one value is not.</returns>
    public static float LargestMagnitude(ReadOnlySpan<byte> bytes)
    {
        // Ordered like float32 patterns, see Fp32Bytes.
        int largest = 0;
        foreach (ushort bits in MemoryMarshal.Cast<byte, ushort>(bytes)) largest = Math.Max(largest, bits & 0x7FFF);
        return (float)BitConverter.UInt16BitsToHalf((ushort)largest);
    }

    /// <summary>Rounds to the nearest float16, ties to even; a magnitude above <see cref="Largest"/> becomes that, with its sign.</summary>
    /// <param name="fp32">Whole, finite float32 values.</param>
    public static byte[] FromFp32(ReadOnlySpan<byte> fp32)
    {
        var values = MemoryMarshal.Cast<byte, float>(fp32);
        byte[] bytes = new byte[values.Length * sizeof(ushort)];
        var halves = MemoryMarshal.Cast<byte, Half>(bytes.AsSpan());
        for (int i = 0; i < values.Length; i++) halves[i] = (Half)Math.Clamp(values[i], -Largest, Largest);
        return bytes;
    }

    /// <summary>Widens to float32, without loss.</summary>
    /// <param name="fp16">Whole float16 values.</param>
    public static byte[] ToFp32(ReadOnlySpan<byte> fp16)
    {
        var halves = MemoryMarshal.Cast<byte, Half>(fp16);
        byte[] bytes = new byte[halves.Length * sizeof(float)];
        var values = MemoryMarshal.Cast<byte, float>(bytes.AsSpan());
        for (int i = 0; i < halves.Length; i++) values[i] = (float)halves[i];
        return bytes;
    }
}
