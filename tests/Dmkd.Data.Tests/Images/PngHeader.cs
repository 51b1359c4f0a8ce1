using System.Buffers.Binary;

namespace Dmkd.Data.Tests.Images;

/// <summary>Makes PNG files that claim to be larger than they are.</summary>
internal static class PngHeader
{
    /// <summary>Overwrites the size in the header chunk, and the chunk's checksum.</summary>
    public static void SetSize(Span<byte> png, int width, int height)
    {
        BinaryPrimitives.WriteInt32BigEndian(png[16..], width);
        BinaryPrimitives.WriteInt32BigEndian(png[20..], height);
        BinaryPrimitives.WriteUInt32BigEndian(png[29..], Checksum(png[12..29]));
    }

    /// <summary>CRC-32 of the chunk's type and content.</summary>
    private static uint Checksum(ReadOnlySpan<byte> chunk)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in chunk)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }
        return ~crc;
    }
}
