namespace Dmkd.Data;

/// <summary>Makes the arrays behind an <see cref="ImageSet"/>.</summary>
internal static class PixelBuffer
{
    /// <summary>Makes room for square RGB images.</summary>
    /// <param name="count">Number of images.</param>
    /// <param name="size">Height and width, in pixels.</param>
    /// <param name="source">What the images are, for the message.</param>
    /// <returns>Zeroed bytes, shape [count, 3, size, size], owned by the caller.</returns>
    /// <exception cref="DatasetException">One array cannot hold that many images.</exception>
    public static byte[] Allocate(long count, int size, string source)
    {
        long bytes = count * 3 * size * size;
        return bytes <= Array.MaxLength
            ? new byte[bytes]
            : throw new DatasetException(
                $"{source}: {count} images of {size}x{size} pixels take {bytes} bytes; at most {Array.MaxLength} fit. "
                + $"Take fewer with {nameof(DatasetSpec.TrainPerClass)} and {nameof(DatasetSpec.TestPerClass)}, or smaller ones.");
    }
}
