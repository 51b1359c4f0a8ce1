using Dmkd.Core.Modalities;
using Dmkd.Core.Models;

namespace Dmkd.Data.Images;

/// <summary>
/// Labelled images of one size as plain bytes; immutable by convention, safe to read from many threads.
/// </summary>
public sealed class ImageSet : IExamples
{
    private readonly byte[] _source;
    private readonly int[]? _positions; // in _source; all of them, in order, when null
    private byte[]? _pixels;

    /// <summary>Creates a set over arrays that it owns from now on: the caller must not modify them.</summary>
    /// <param name="pixels">Intensities in [0, 255], shape [count, channels, height, width]. Owned by the set.</param>
    /// <param name="labels">Class index of each image, at least 0, shape [count]. Owned by the set.</param>
    /// <param name="channels">Channels an image, at least 1.</param>
    /// <param name="height">Rows an image, at least 1.</param>
    /// <param name="width">Columns an image, at least 1.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together, or a label is negative.</exception>
    public ImageSet(byte[] pixels, int[] labels, int channels, int height, int width)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        long expected = (long)labels.Length * channels * height * width;
        if (pixels.Length != expected)
            throw new ArgumentException(
                $"pixels must hold {expected} bytes for {labels.Length} images of "
                    + $"{channels}x{height}x{width}; it holds {pixels.Length}.",
                nameof(pixels)
            );
        int negative = Array.FindIndex(labels, label => label < 0);
        if (negative >= 0)
            throw new ArgumentException(
                $"labels must be at least 0; label {negative} is {labels[negative]}.",
                nameof(labels)
            );
        (_source, _pixels, Labels, Channels, Height, Width) = (pixels, pixels, labels, channels, height, width);
    }

    /// <summary>Some images of another set, whose bytes both share.</summary>
    private ImageSet(ImageSet whole, int[] positions, int[] labels)
    {
        (_source, _positions, Labels) = (whole._source, positions, labels);
        (Channels, Height, Width) = (whole.Channels, whole.Height, whole.Width);
    }

    /// <summary>
    /// Gets the intensities in [0, 255], shape [Count, Channels, Height, Width]. Borrowed: not to be modified. Of
    /// chosen images they are copied together when somebody asks, and kept; <see cref="CopyTo"/> does without.
    /// </summary>
    public byte[] Pixels => _pixels ??= Gathered();

    /// <summary>Gets the class index of each image, shape [Count]. Borrowed: not to be modified.</summary>
    public int[] Labels { get; }

    /// <summary>Gets the number of images.</summary>
    public int Count => Labels.Length;

    /// <summary>Gets the channels an image: 3 for every dataset of this project (red, green, blue).</summary>
    public int Channels { get; }

    /// <summary>Gets the rows an image.</summary>
    public int Height { get; }

    /// <summary>Gets the columns an image.</summary>
    public int Width { get; }

    /// <inheritdoc/>
    public InputShape InputShape => new(Channels, Height, Width);

    byte[] IInputs.Content => Pixels;

    /// <summary>Gets the bytes an image takes in <see cref="Pixels"/>.</summary>
    public int BytesPerImage => Channels * Height * Width;

    /// <summary>Views one image, shape [Channels, Height, Width]. Borrowed.</summary>
    /// <param name="index">Position of the image, in [0, Count).</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is outside the set.</exception>
    public ReadOnlySpan<byte> Image(int index)
    {
        if ((uint)index >= (uint)Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"index must be in [0, {Count}).");
        int position = _positions is null ? index : _positions[index];
        return _source.AsSpan(position * BytesPerImage, BytesPerImage);
    }

    /// <summary>Copies the intensities, image after image.</summary>
    /// <param name="target">Room for all of them.</param>
    public void CopyTo(Span<byte> target)
    {
        for (int i = 0; i < Count; i++)
            Image(i).CopyTo(target[(i * BytesPerImage)..]);
    }

    /// <summary>Finds the images of some classes.</summary>
    /// <param name="classes">Class indices. Borrowed.</param>
    /// <returns>Ascending positions, owned by the caller.</returns>
    public int[] PositionsOf(IReadOnlyCollection<int> classes)
    {
        ArgumentNullException.ThrowIfNull(classes);
        return [.. Enumerable.Range(0, Count).Where(position => classes.Contains(Labels[position]))];
    }

    /// <summary>
    /// The chosen images, in the order given, as a set that shares the bytes; an index may occur twice.
    /// </summary>
    /// <param name="indices">Positions of the images, each in [0, Count).</param>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside the set.</exception>
    public ImageSet Select(ReadOnlySpan<int> indices)
    {
        int[] positions = new int[indices.Length];
        int[] labels = new int[indices.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            int index = indices[i];
            if ((uint)index >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(indices), index, $"index must be in [0, {Count}).");
            positions[i] = _positions is null ? index : _positions[index];
            labels[i] = Labels[index];
        }

        return new ImageSet(this, positions, labels);
    }

    /// <summary>The same images with other labels; they share the bytes.</summary>
    /// <param name="labelOf">Gives the label for a label.</param>
    public ImageSet Relabel(Func<int, int> labelOf)
    {
        int[] labels = [.. Labels.Select(labelOf)];
        return _positions is null
            ? new ImageSet(_source, labels, Channels, Height, Width)
            : new ImageSet(this, _positions, labels);
    }

    /// <summary>Copies sets of images of one size into one, in order.</summary>
    /// <param name="sets">At least one.</param>
    public static ImageSet Concat(IReadOnlyList<ImageSet> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        byte[] pixels = new byte[sets.Sum(images => images.Count * images.BytesPerImage)];
        int end = 0;
        foreach (var images in sets)
        {
            images.CopyTo(pixels.AsSpan(end));
            end += images.Count * images.BytesPerImage;
        }

        int[] labels = [.. sets.SelectMany(images => images.Labels)];
        return new ImageSet(pixels, labels, sets[0].Channels, sets[0].Height, sets[0].Width);
    }

    IExamples IExamples.Choose(ReadOnlySpan<int> positions) => Select(positions);

    private byte[] Gathered()
    {
        byte[] pixels = new byte[checked(Count * BytesPerImage)];
        CopyTo(pixels);
        return pixels;
    }
}

/// <summary>
/// A dataset of images with its fixed split; labels of both sets are positions in <paramref name="ClassNames"/>.
/// </summary>
/// <param name="Name">What the data is, for reports: the kind and where it came from.</param>
/// <param name="ClassNames">Names of the classes, by label.</param>
/// <param name="Train">Images to learn from.</param>
/// <param name="Test">Images to evaluate on, never trained on.</param>
public sealed record ImageDataset(string Name, IReadOnlyList<string> ClassNames, ImageSet Train, ImageSet Test);

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
                    + $"Take fewer with {nameof(DatasetSpec.TrainPerClass)} and {nameof(DatasetSpec.TestPerClass)}, "
                    + $"or smaller ones."
            );
    }
}
