using SkiaSharp;

namespace Dmkd.Data.Tests;

/// <summary>Encoded images for the readers.</summary>
internal static class TestImages
{
    /// <summary>A PNG of one colour.</summary>
    public static byte[] Png(int width, int height, byte red, byte green, byte blue) =>
        Encode(width, height, (_, _) => new SKColor(red, green, blue), SKEncodedImageFormat.Png);

    /// <summary>A JPEG with enough detail that cutting it in half is noticed.</summary>
    public static byte[] Jpeg(int width = 64, int height = 64) =>
        Encode(
            width,
            height,
            (x, y) => new SKColor((byte)(x * 37), (byte)(y * 91), (byte)(x * y)),
            SKEncodedImageFormat.Jpeg
        );

    public static byte[] Encode(int width, int height, Func<int, int, SKColor> color, SKEncodedImageFormat format)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
        for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            bitmap.SetPixel(x, y, color(x, y));
        using var data = bitmap.Encode(format, 95);
        return data.ToArray();
    }
}
