using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using Dmkd.Data.Images;

namespace Dmkd.Experiments.Protocol.Images;

/// <summary>
/// Writes images as a zip of class folders, without loss: the form of the data sets of kind "images".
/// </summary>
internal static class ClassFolderZip
{
    private const int HeaderBytes = 54;
    private const int BytesPerPixel = 3;

    /// <summary>Writes a data set. Numbers before the names of the classes keep their order.</summary>
    /// <param name="stream">Receives the zip. Borrowed.</param>
    /// <param name="classNames">Names by label.</param>
    /// <param name="train">Training images.</param>
    /// <param name="test">Test images.</param>
    public static void Write(Stream stream, IReadOnlyList<string> classNames, ImageSet train, ImageSet test)
    {
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var (split, images) in new[] { ("train", train), ("test", test) })
        {
            for (int i = 0; i < images.Count; i++)
            {
                string name = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{split}/{images.Labels[i]:D5} {classNames[images.Labels[i]]}/{i:D8}.bmp"
                );
                using var entry = zip.CreateEntry(name, CompressionLevel.Fastest).Open();
                entry.Write(Bitmap(images, i));
            }
        }
    }

    /// <summary>
    /// An uncompressed bitmap of 24 bits a pixel: rows from the bottom up, blue first, each row filled up to four
    /// bytes.
    /// </summary>
    private static byte[] Bitmap(ImageSet images, int index)
    {
        int width = images.Width,
            height = images.Height,
            plane = width * height,
            row = (width * BytesPerPixel + 3) / 4 * 4;
        byte[] file = new byte[HeaderBytes + row * height];
        "BM"u8.CopyTo(file);
        Put(2, file.Length);
        Put(10, HeaderBytes);
        Put(14, 40); // bytes of the second header
        Put(18, width);
        Put(22, height);
        file[26] = 1; // plane
        file[28] = 8 * BytesPerPixel;
        Put(34, row * height);
        var pixels = images.Image(index);
        for (int y = 0; y < height; y++)
        {
            int start = HeaderBytes + (height - 1 - y) * row;
            for (int x = 0; x < width; x++)
            for (int channel = 0; channel < BytesPerPixel; channel++)
                file[start + x * BytesPerPixel + channel] = pixels[
                    (BytesPerPixel - 1 - channel) * plane + y * width + x
                ];
        }

        return file;

        void Put(int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(offset), value);
    }
}
