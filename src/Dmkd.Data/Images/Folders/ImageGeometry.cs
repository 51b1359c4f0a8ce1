using System.Runtime.InteropServices;
using SkiaSharp;

namespace Dmkd.Data.Images.Folders;

/// <summary>Turning of decoded images. Results are owned by the caller and may be the argument itself.</summary>
internal static class ImageGeometry
{
    /// <summary>Undoes the turn and mirroring that a camera noted in the file (EXIF orientation).</summary>
    /// <param name="bitmap">Four bytes a pixel. Borrowed.</param>
    /// <param name="origin">What the camera noted.</param>
    public static SKBitmap Upright(SKBitmap bitmap, SKEncodedOrigin origin)
    {
        if (origin == SKEncodedOrigin.TopLeft)
            return bitmap;
        bool swaps = origin >= SKEncodedOrigin.LeftTop;
        var (right, bottom) = (bitmap.Width - 1, bitmap.Height - 1);
        var upright = new SKBitmap(
            bitmap.Info.WithSize(swaps ? bitmap.Height : bitmap.Width, swaps ? bitmap.Width : bitmap.Height)
        );
        var stored = MemoryMarshal.Cast<byte, int>(bitmap.GetPixelSpan());
        int[] turned = new int[stored.Length];
        for (int y = 0; y <= bottom; y++)
        for (int x = 0; x <= right; x++)
        {
            var (toX, toY) = origin switch
            {
                SKEncodedOrigin.TopRight => (right - x, y),
                SKEncodedOrigin.BottomRight => (right - x, bottom - y),
                SKEncodedOrigin.BottomLeft => (x, bottom - y),
                SKEncodedOrigin.LeftTop => (y, x),
                SKEncodedOrigin.RightTop => (bottom - y, x),
                SKEncodedOrigin.RightBottom => (bottom - y, right - x),
                SKEncodedOrigin.LeftBottom => (y, right - x),
                _ => (x, y),
            };
            turned[toY * upright.Width + toX] = stored[y * bitmap.Width + x];
        }

        Marshal.Copy(turned, 0, upright.GetPixels(), turned.Length);
        return upright;
    }
}
