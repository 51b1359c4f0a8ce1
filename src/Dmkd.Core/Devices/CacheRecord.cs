using System.Buffers.Binary;

namespace Dmkd.Core.Devices;

/// <summary>
/// The part of oneDNN's record of the processor that holds its caches, and what to write over it (docs/adr/0024). Xbyak, the
/// assembler inside oneDNN 3.7, reads an AMD processor's caches from CPUID leaf 0x8000001D without asking whether the leaf is
/// there. Where a hypervisor hides it, every level counts as one byte, and blocking by such sizes makes convolutions wrong.
/// </summary>
internal static class CacheRecord
{
    /// <summary>Bytes of the record, <c>Xbyak::util::Cpu</c>.</summary>
    public const int Length = 144;

    /// <summary>Where the levels' sizes begin, 32 bits each, in bytes.</summary>
    public const int SizesAt = 28;

    private const int LevelCountAt = 108;
    private const int Levels = 3;
    private const uint Kilobyte = 1024;

    // What oneDNN assumes of a processor that says nothing.
    private static readonly CacheSizes Usual = new(32 * Kilobyte, 512 * Kilobyte, 1024 * Kilobyte);

    /// <summary>Decides what the record should say.</summary>
    /// <param name="record">The record, at least <see cref="Length"/> bytes.</param>
    /// <param name="leaves">What the processor says of its caches elsewhere.</param>
    /// <returns>Sizes to write; null when the record is to be left alone, because it does not hold three levels of one byte.</returns>
    public static CacheSizes? Mended(ReadOnlySpan<byte> record, CacheLeaves leaves)
    {
        if (record.Length < Length) return null;
        if (BinaryPrimitives.ReadUInt32LittleEndian(record[LevelCountAt..]) != Levels) return null;
        for (int level = 0; level < Levels; level++)
            if (BinaryPrimitives.ReadUInt32LittleEndian(record[(SizesAt + level * sizeof(uint))..]) != 1)
                return null;
        uint first = (leaves.Level1 >> 24) * Kilobyte;
        uint second = (leaves.Level2 >> 16) * Kilobyte;
        bool likely = first > 0 && second > first;
        return likely ? Usual with { Level1 = first, Level2 = second } : Usual;
    }

    /// <summary>Writes sizes into a record.</summary>
    public static void Write(Span<byte> record, CacheSizes sizes)
    {
        var target = record[SizesAt..];
        BinaryPrimitives.WriteUInt32LittleEndian(target, sizes.Level1);
        BinaryPrimitives.WriteUInt32LittleEndian(target[sizeof(uint)..], sizes.Level2);
        BinaryPrimitives.WriteUInt32LittleEndian(target[(2 * sizeof(uint))..], sizes.Level3);
    }
}

/// <summary>Bytes of the caches that one core can use.</summary>
internal readonly record struct CacheSizes(uint Level1, uint Level2, uint Level3);

/// <summary>CPUID's older leaves about caches: ECX of 0x80000005 (kilobytes from bit 24) and of 0x80000006 (from bit 16).</summary>
internal readonly record struct CacheLeaves(uint Level1, uint Level2);
