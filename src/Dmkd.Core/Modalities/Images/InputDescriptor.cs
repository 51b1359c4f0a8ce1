namespace Dmkd.Core.Modalities.Images;

/// <summary>
/// What the gate <c>mlp</c> sees of an image: the mean of each channel, and of the grey image's horizontal and vertical
/// differences, in a grid of 4x4 cells (proposal 3.3). It is computed from the pixels alone, so no new expert changes
/// it.
/// </summary>
public static class InputDescriptor
{
    private const int Grid = 4;
    private const double White = 255;

    /// <summary>Numbers of a descriptor.</summary>
    /// <param name="channels">Channels of an image, at least 1.</param>
    public static int Length(int channels) => Grid * Grid * (channels + 2);

    /// <summary>Describes images.</summary>
    /// <param name="pixels">Shape [count, channels, size, size], one byte a value. Borrowed.</param>
    /// <param name="count">Images.</param>
    /// <param name="channels">Channels of an image, at least 1.</param>
    /// <param name="size">Height and width, at least 4 pixels.</param>
    /// <returns>Shape [count, <see cref="Length"/>]: values in [0, 1], channel after channel, then the two
    /// differences.</returns>
    public static double[] Describe(ReadOnlySpan<byte> pixels, int count, int channels, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, Grid);
        int image = channels * size * size,
            length = Length(channels);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pixels.Length, (long)count * image, nameof(pixels));
        double[] all = new double[count * length];
        for (int i = 0; i < count; i++)
            Describe(pixels.Slice(i * image, image), channels, size, all.AsSpan(i * length, length));
        return all;
    }

    private static void Describe(ReadOnlySpan<byte> image, int channels, int size, Span<double> descriptor)
    {
        Span<int> counts = stackalloc int[Grid * Grid];
        double[] grey = new double[size * size];
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                int cell = y * Grid / size * Grid + x * Grid / size;
                counts[cell]++;
                for (int c = 0; c < channels; c++)
                {
                    double value = image[(c * size + y) * size + x] / White;
                    grey[y * size + x] += value / channels;
                    descriptor[c * Grid * Grid + cell] += value;
                }
            }
        }

        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                int cell = y * Grid / size * Grid + x * Grid / size;
                double here = grey[y * size + x];
                if (x + 1 < size)
                    descriptor[channels * Grid * Grid + cell] += Math.Abs(grey[y * size + x + 1] - here);
                if (y + 1 < size)
                    descriptor[(channels + 1) * Grid * Grid + cell] += Math.Abs(grey[(y + 1) * size + x] - here);
            }
        }

        for (int i = 0; i < descriptor.Length; i++)
            descriptor[i] /= counts[i % (Grid * Grid)];
    }
}
