namespace Dmkd.Data.Tests.Images;

/// <summary>Puts the note of a camera into JPEG files.</summary>
internal static class ExifFile
{
    /// <summary>
    /// Inserts an EXIF segment with nothing but the orientation (1 to 8) after the start-of-image marker.
    /// </summary>
    public static byte[] WithOrientation(byte[] jpeg, byte orientation)
    {
        byte[] tiff =
        [
            .. "MM"u8,
            0,
            42,
            0,
            0,
            0,
            8,
            0,
            1,
            0x01,
            0x12,
            0,
            3,
            0,
            0,
            0,
            1,
            0,
            orientation,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        byte[] segment = [.. "Exif\0\0"u8, .. tiff];
        return [.. jpeg[..2], 0xFF, 0xE1, 0, (byte)(segment.Length + 2), .. segment, .. jpeg[2..]];
    }
}
