using SkiaSharp;

namespace Dmkd.Data.Images.Folders;

/// <summary>
/// Turning and scaling of decoded images. Results are owned by the caller and may be the argument itself.
/// </summary>
internal static class ImageGeometry
{
    /// <summary>Undoes the turn and mirroring that a camera noted in the file (EXIF orientation).</summary>
    public static SKBitmap Upright(SKBitmap bitmap, SKEncodedOrigin origin)
    {
        if (origin == SKEncodedOrigin.TopLeft)
            return bitmap;
        bool swaps = origin >= SKEncodedOrigin.LeftTop;
        var upright = new SKBitmap(
            bitmap.Info.WithSize(swaps ? bitmap.Height : bitmap.Width, swaps ? bitmap.Width : bitmap.Height)
        );
        using var canvas = new SKCanvas(upright);
        canvas.SetMatrix(ToUpright(origin, upright.Width, upright.Height));
        canvas.DrawBitmap(bitmap, 0, 0);
        return upright;
    }

    /// <summary>
    /// Stretches to a square: averaged over mipmaps when it gets smaller, bicubic when it gets larger.
    /// </summary>
    public static SKBitmap Scale(SKBitmap bitmap, int size)
    {
        if (bitmap.Width == size && bitmap.Height == size)
            return bitmap;
        bool shrinks = bitmap.Width > size || bitmap.Height > size;
        return bitmap.Resize(bitmap.Info.WithSize(size, size), shrinks ? SKFilterQuality.Medium : SKFilterQuality.High);
    }

    /// <summary>Where a stored pixel goes, for an upright image of the given width and height in pixels.</summary>
    private static SKMatrix ToUpright(SKEncodedOrigin origin, int width, int height) =>
        origin switch
        {
            SKEncodedOrigin.TopRight => new SKMatrix(-1, 0, width, 0, 1, 0, 0, 0, 1),
            SKEncodedOrigin.BottomRight => new SKMatrix(-1, 0, width, 0, -1, height, 0, 0, 1),
            SKEncodedOrigin.BottomLeft => new SKMatrix(1, 0, 0, 0, -1, height, 0, 0, 1),
            SKEncodedOrigin.LeftTop => new SKMatrix(0, 1, 0, 1, 0, 0, 0, 0, 1),
            SKEncodedOrigin.RightTop => new SKMatrix(0, -1, width, 1, 0, 0, 0, 0, 1),
            SKEncodedOrigin.RightBottom => new SKMatrix(0, -1, width, -1, 0, height, 0, 0, 1),
            SKEncodedOrigin.LeftBottom => new SKMatrix(0, 1, 0, -1, 0, height, 0, 0, 1),
            _ => SKMatrix.Identity,
        };
}
