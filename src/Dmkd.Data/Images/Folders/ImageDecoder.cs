using SkiaSharp;

namespace Dmkd.Data.Images.Folders;

/// <summary>
/// Turns encoded images (JPEG, PNG, GIF, BMP, WebP, told by their content) into the bytes of an <see cref="ImageSet"/>.
/// </summary>
public static class ImageDecoder
{
    private static readonly SKEncodedImageFormat[] Formats =
    [
        SKEncodedImageFormat.Jpeg,
        SKEncodedImageFormat.Png,
        SKEncodedImageFormat.Gif,
        SKEncodedImageFormat.Bmp,
        SKEncodedImageFormat.Webp,
    ];

    /// <summary>Endings of the files that hold images, in lower case, with their point.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"];

    /// <summary>
    /// Decodes to RGB, turns the image upright when the EXIF data of a JPEG or WebP says so and resizes it to a square
    /// as Pillow's bilinear filter does; grey becomes three equal channels, of a transparent pixel the colour counts,
    /// and of an animation the first frame.
    /// </summary>
    /// <param name="encoded">The whole encoded image, at most 64 MiB. Borrowed.</param>
    /// <param name="name">File or entry, as messages shall name it.</param>
    /// <param name="size">Height and width of the result, in pixels, at least 1.</param>
    /// <returns>Intensities in [0, 255], shape [3, size, size], owned by the caller.</returns>
    /// <exception cref="DatasetException">Not an image, damaged, or beyond 16,384 pixels a side or 64 Mi pixels in
    /// all.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> encoded, string name, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        byte[] pixels = new byte[3 * size * size];
        Decode(encoded, name, size, pixels);
        return pixels;
    }

    /// <inheritdoc cref="Decode(ReadOnlySpan{byte}, string, int)"/>
    /// <param name="encoded">Stream at the start of the encoded image; read to its end. Borrowed: not disposed.</param>
    public static byte[] Decode(Stream encoded, string name, int size)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        return Decode(BoundedReader.ReadAll(encoded, name), name, size);
    }

    /// <summary>Decodes into memory of the caller, shape [3, size, size].</summary>
    internal static void Decode(ReadOnlySpan<byte> encoded, string name, int size, Span<byte> pixels)
    {
        if (encoded.IsEmpty)
            throw Empty(name);
        using var data = SKData.CreateCopy(encoded);
        using var codec =
            SKCodec.Create(data)
            ?? throw new DatasetException(
                $"{name} is not a readable image ({encoded.Length} bytes). Replace or remove it."
            );
        if (!Formats.Contains(codec.EncodedFormat))
            throw new DatasetException(
                $"{name} is of the format {codec.EncodedFormat}; JPEG, PNG, GIF, BMP and WebP are read. Convert it."
            );
        CheckDimensions(codec.Info, name);
        using var decoded = DecodeWhole(codec, name);
        using var upright = ImageGeometry.Upright(decoded, codec.EncodedOrigin);
        TriangleFilter.Resize(upright.GetPixelSpan(), upright.Width, upright.Height, size, pixels);
    }

    /// <summary>That a file has no bytes.</summary>
    internal static DatasetException Empty(string name) => new($"{name} is an empty file. Replace or remove it.");

    private static void CheckDimensions(SKImageInfo info, string name)
    {
        long area = (long)info.Width * info.Height;
        if (Math.Max(info.Width, info.Height) > ImageLimits.SidePixels || area > ImageLimits.AreaPixels)
            throw new DatasetException(
                $"{name} is {info.Width}x{info.Height} pixels; "
                    + $"at most {ImageLimits.SidePixels} a side and {ImageLimits.AreaPixels} in all. "
                    + "Shrink or remove it."
            );
    }

    private static SKBitmap DecodeWhole(SKCodec codec, string name)
    {
        var bitmap = new SKBitmap(
            new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul)
        );
        var result = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
        if (result == SKCodecResult.Success)
            return bitmap;
        bitmap.Dispose();
        throw new DatasetException($"{name} is a damaged image: {WordsFor(result)}. Replace or remove it.");
    }

    private static string WordsFor(SKCodecResult result) =>
        result switch
        {
            SKCodecResult.IncompleteInput => "it ends before its last pixel",
            SKCodecResult.ErrorInInput => "its content contradicts itself or its checksums",
            SKCodecResult.InternalError => "its decoder failed, perhaps for want of memory",
            _ => "its content cannot be decoded",
        };
}
