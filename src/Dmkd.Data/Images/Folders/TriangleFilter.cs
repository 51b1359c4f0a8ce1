using System.Runtime.InteropServices;
using SkiaSharp;

namespace Dmkd.Data.Images.Folders;

/// <summary>
/// Resizes 8-bit images with an antialiased triangle filter, each axis for itself, to the values of Pillow's
/// <c>resize(size, BILINEAR)</c>: fixed-point weights, and rounding to bytes between the two passes.
/// </summary>
internal static class TriangleFilter
{
    private const int FractionBits = 22; // 32 less the 8 of a pixel and 2 to spare
    private const int Half = 1 << (FractionBits - 1);

    /// <summary>Resizes to a square.</summary>
    /// <param name="pixels">Interleaved, shape [height, width, 4]. Borrowed.</param>
    /// <param name="width">Pixels a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="size">Height and width of the result, at least 1.</param>
    /// <param name="planes">Takes the first three channels, shape [3, size, size].</param>
    public static void Resize(ReadOnlySpan<byte> pixels, int width, int height, int size, Span<byte> planes)
    {
        if (width == size && height == size)
        {
            ToPlanes(pixels, planes);
            return;
        }

        var rows = AxisWeights.Of(height, size);
        var (first, end) = (rows.First, rows.End);
        byte[] narrow = new byte[3 * (end - first) * size]; // [3, rows that count, size]
        var columns = AxisWeights.Of(width, size);
        for (int y = first; y < end; y++)
            ResizeRow(
                pixels.Slice(4 * y * width, 4 * width),
                columns,
                narrow,
                (y - first) * size,
                (end - first) * size
            );
        for (int channel = 0; channel < 3; channel++)
            ResizeColumns(narrow.AsSpan(channel * (end - first) * size), rows, planes[(channel * size * size)..]);
    }

    private static void ToPlanes(ReadOnlySpan<byte> rgba, Span<byte> planes)
    {
        int area = rgba.Length / 4;
        for (int i = 0; i < area; i++)
            (planes[i], planes[area + i], planes[2 * area + i]) = (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]);
    }

    private static void ResizeRow(ReadOnlySpan<byte> row, AxisWeights columns, Span<byte> narrow, int start, int plane)
    {
        for (int x = 0; x < columns.Count; x++)
        {
            var (red, green, blue) = (Half, Half, Half);
            int pixel = 4 * columns.Start(x);
            foreach (int weight in columns.Of(x))
            {
                red += weight * row[pixel];
                green += weight * row[pixel + 1];
                blue += weight * row[pixel + 2];
                pixel += 4;
            }

            narrow[start + x] = Byte(red);
            narrow[start + plane + x] = Byte(green);
            narrow[start + 2 * plane + x] = Byte(blue);
        }
    }

    private static void ResizeColumns(ReadOnlySpan<byte> narrow, AxisWeights rows, Span<byte> plane)
    {
        int size = rows.Count;
        for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
        {
            int sum = Half;
            int from = (rows.Start(y) - rows.First) * size + x;
            foreach (int weight in rows.Of(y))
            {
                sum += weight * narrow[from];
                from += size;
            }

            plane[y * size + x] = Byte(sum);
        }
    }

    private static byte Byte(int sum) => (byte)Math.Clamp(sum >> FractionBits, 0, 255);

    /// <summary>What each pixel of a result takes from a row or column.</summary>
    private sealed record AxisWeights(int[] Starts, int[][] Weights)
    {
        /// <summary>Length of the result.</summary>
        public int Count => Starts.Length;

        /// <summary>First position that counts.</summary>
        public int First => Starts[0];

        /// <summary>One after the last position that counts.</summary>
        public int End => Starts[^1] + Weights[^1].Length;

        public int Start(int position) => Starts[position];

        public ReadOnlySpan<int> Of(int position) => Weights[position];

        public static AxisWeights Of(int length, int size)
        {
            double scale = (double)length / size;
            double reach = Math.Max(1, scale); // a triangle spans one pixel of the result, or of the source
            int[] starts = new int[size];
            int[][] weights = new int[size][];
            for (int i = 0; i < size; i++)
            {
                double centre = (i + 0.5) * scale;
                starts[i] = Math.Max(0, (int)(centre - reach + 0.5));
                int end = Math.Min(length, (int)(centre + reach + 0.5));
                weights[i] = Fixed(Triangle(centre, reach, starts[i], end));
            }

            return new AxisWeights(starts, weights);
        }

        private static double[] Triangle(double centre, double reach, int start, int end)
        {
            double[] weights = new double[end - start];
            double inverse = 1 / reach;
            double sum = 0;
            for (int i = 0; i < weights.Length; i++)
            {
                weights[i] = Math.Max(0, 1 - Math.Abs((i + start - centre + 0.5) * inverse));
                sum += weights[i];
            }

            for (int i = 0; i < weights.Length; i++)
                weights[i] /= sum;
            return weights;
        }

        private static int[] Fixed(double[] weights) =>
            [.. weights.Select(weight => (int)(0.5 + weight * (1 << FractionBits)))];
    }
}

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
