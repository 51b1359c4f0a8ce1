using System.Runtime.InteropServices;

namespace Dmkd.Core.Merging.Compression;

/// <summary>Reads float32 values from little-endian bytes that may come from a stranger.</summary>
internal static class Fp32Bytes
{
    /// <summary>The largest magnitude.</summary>
    /// <param name="bytes">Whole float32 values.</param>
    /// <returns>Zero for no values; not finite as soon as one value is not.</returns>
    public static float LargestMagnitude(ReadOnlySpan<byte> bytes)
    {
        // Without the sign, float32 bit patterns order like their values, with infinity and NaN above all others.
        uint largest = 0;
        foreach (uint bits in MemoryMarshal.Cast<byte, uint>(bytes)) largest = Math.Max(largest, bits & 0x7FFF_FFFF);
        return BitConverter.UInt32BitsToSingle(largest);
    }
}
