using System.Buffers.Binary;
using System.Text;

namespace Dmkd.Core.Devices;

/// <summary>Relaxes symbol versions that a Linux library asks for (ELF64, little-endian; section SHT_GNU_verneed).</summary>
internal static class ElfVersionNeeds
{
    private const uint VersionNeedSection = 0x6ffffffe;
    private const ushort WeakFlag = 2;

    /// <summary>Marks every need of <paramref name="version"/> in <paramref name="image"/> as weak, so that the loader accepts its absence.</summary>
    /// <returns>Number of needs changed; 0 when the image is no such library or never asks for the version.</returns>
    public static int MakeWeak(Span<byte> image, string version)
    {
        if (image.Length < 64 || !image[..6].SequenceEqual("\u007fELF\u0002\u0001"u8)) return 0;
        int sections = checked((int)UInt64(image, 0x28)), sectionSize = UInt16(image, 0x3A), sectionCount = UInt16(image, 0x3C);
        int changed = 0;
        for (int i = 0; i < sectionCount; i++)
        {
            int header = sections + i * sectionSize;
            if (UInt32(image, header + 4) != VersionNeedSection) continue;
            int stringsHeader = sections + (int)UInt32(image, header + 0x28) * sectionSize;
            int strings = checked((int)UInt64(image, stringsHeader + 0x18)), needs = checked((int)UInt64(image, header + 0x18));
            changed += MakeWeak(image, needs, strings, version);
        }

        return changed;
    }

    private static int MakeWeak(Span<byte> image, int need, int strings, string version)
    {
        int changed = 0;
        while (true)
        {
            int entry = need + (int)UInt32(image, need + 8);
            for (int k = UInt16(image, need + 2); k > 0; k--)
            {
                if (Text(image, strings + (int)UInt32(image, entry + 8)) == version)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(image[(entry + 4)..], (ushort)(UInt16(image, entry + 4) | WeakFlag));
                    changed++;
                }

                entry += (int)UInt32(image, entry + 12);
            }

            int next = (int)UInt32(image, need + 12);
            if (next == 0) return changed;
            need += next;
        }
    }

    private static string Text(ReadOnlySpan<byte> image, int offset)
    {
        var tail = image[offset..];
        return Encoding.ASCII.GetString(tail[..tail.IndexOf((byte)0)]);
    }

    private static ushort UInt16(ReadOnlySpan<byte> image, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(image[offset..]);

    private static uint UInt32(ReadOnlySpan<byte> image, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(image[offset..]);

    private static ulong UInt64(ReadOnlySpan<byte> image, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(image[offset..]);
}
