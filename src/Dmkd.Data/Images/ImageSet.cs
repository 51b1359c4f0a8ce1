using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;

namespace Dmkd.Data.Images;

/// <summary>
/// Labelled images of one size, as plain bytes in memory or decoded whenever they are asked for; immutable by
/// convention, safe to read from many threads.
/// </summary>
public sealed class ImageSet : IExamples
{
    private const int DecodedAtOnce = 512;
    private readonly byte[]? _bytes; // of this set, or of a whole one; null for images that are decoded on demand
    private readonly IPixelSource? _source;
    private readonly int[]? _positions; // in the bytes or the source; all of them, in order, when null
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
        (_bytes, _pixels, Labels, Channels, Height, Width) = (pixels, pixels, labels, channels, height, width);
    }

    /// <summary>A set of square RGB images that are decoded when they are asked for.</summary>
    /// <param name="source">Decodes them. Borrowed for as long as the set is used.</param>
    /// <param name="positions">Position of each image in the source. Owned by the set.</param>
    /// <param name="labels">Class of each image. Owned by the set.</param>
    internal ImageSet(IPixelSource source, int[] positions, int[] labels)
    {
        (_source, _positions, Labels) = (source, positions, labels);
        (Channels, Height, Width) = (3, source.Size, source.Size);
    }

    /// <summary>Some images of another set, whose bytes or source both share.</summary>
    private ImageSet(ImageSet whole, int[] positions, int[] labels)
    {
        (_bytes, _source, _positions, Labels) = (whole._bytes, whole._source, positions, labels);
        (Channels, Height, Width) = (whole.Channels, whole.Height, whole.Width);
    }

    /// <summary>
    /// Gets the intensities in [0, 255], shape [Count, Channels, Height, Width]. Borrowed: not to be modified. Of
    /// chosen images they are copied together when somebody asks, and kept; of images that are decoded on demand they
    /// are made anew each time. <see cref="CopyTo"/> does without.
    /// </summary>
    public byte[] Pixels => _pixels ?? (_source is null ? _pixels = Gathered() : Gathered());

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

    long IInputs.ContentBytes => (long)Count * BytesPerImage;

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
        if (_bytes is not null)
            return _bytes.AsSpan(position * BytesPerImage, BytesPerImage);
        byte[] pixels = new byte[BytesPerImage];
        _source!.Read(position, pixels);
        return pixels;
    }

    /// <summary>Copies all images, image after image; on all cores where they have to be decoded.</summary>
    /// <param name="destination">As long as all of them.</param>
    /// <exception cref="DatasetException">An image cannot be decoded.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (_bytes is not null)
        {
            for (int i = 0; i < Count; i++)
                Image(i).CopyTo(destination[(i * BytesPerImage)..]);
            return;
        }

        // a training asks for a batch at a time, again and again
        byte[] decoded = ArrayPool<byte>.Shared.Rent(Math.Min(Count, DecodedAtOnce) * BytesPerImage);
        try
        {
            for (int first = 0; first < Count; first += DecodedAtOnce)
            {
                int count = Math.Min(DecodedAtOnce, Count - first);
                Decode(first, count, decoded);
                decoded.AsSpan(0, count * BytesPerImage).CopyTo(destination[(first * BytesPerImage)..]);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(decoded);
        }
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
            ? new ImageSet(_bytes!, labels, Channels, Height, Width)
            : new ImageSet(this, _positions, labels);
    }

    /// <summary>Copies sets of images of one size into one, in order.</summary>
    /// <param name="sets">At least one.</param>
    public static ImageSet Concat(IReadOnlyList<ImageSet> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        if (sets[0]._source is { } source && sets.All(images => images._source == source))
            return new ImageSet(
                source,
                [.. sets.SelectMany(images => images._positions!)],
                [.. sets.SelectMany(images => images.Labels)]
            );
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

    private void Decode(int first, int count, byte[] decoded)
    {
        try
        {
            Parallel.For(
                0,
                count,
                i => _source!.Read(_positions![first + i], decoded.AsSpan(i * BytesPerImage, BytesPerImage))
            );
        }
        catch (AggregateException e) when (e.InnerExceptions.OfType<DatasetException>().FirstOrDefault() is { } bad)
        {
            throw new DatasetException(bad.Message, e);
        }
    }
}

/// <summary>Decodes images when they are asked for. Safe to use from many threads.</summary>
internal interface IPixelSource
{
    /// <summary>Height and width of the images.</summary>
    int Size { get; }

    /// <summary>Decodes one image.</summary>
    /// <param name="position">Its position.</param>
    /// <param name="pixels">Takes it, shape [3, Size, Size].</param>
    /// <exception cref="DatasetException">It cannot be decoded.</exception>
    void Read(int position, Span<byte> pixels);
}

/// <summary>
/// A dataset of images with its fixed split; labels of both sets are positions in <paramref name="ClassNames"/>.
/// </summary>
/// <param name="Name">What the data is, for reports: the kind and where it came from.</param>
/// <param name="ClassNames">Names of the classes, by label.</param>
/// <param name="Train">Images to learn from.</param>
/// <param name="Test">Images to evaluate on, never trained on.</param>
public sealed record ImageDataset(string Name, IReadOnlyList<string> ClassNames, ImageSet Train, ImageSet Test)
{
    /// <summary>Gets what the classes are called on disk, by label; their names where nothing else is said.</summary>
    public IReadOnlyList<string> ClassKeys { get; init; } = ClassNames;

    /// <summary>
    /// Gets a SHA-256 in hexadecimal of the files that the images come from, with their classes; empty for images that
    /// are drawn. Does not depend on where the files lie.
    /// </summary>
    public string Digest { get; init; } = "";

    /// <summary>Gets what the reader left out or decided by itself, in sentences.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>Makes the digest of a data set, image after image.</summary>
internal sealed class DatasetDigest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Takes in an image's class and content.</summary>
    public void Add(int label, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(number, label);
        _hash.AppendData(number);
        _hash.AppendData(content);
    }

    /// <summary>Takes in images that are in memory.</summary>
    public void Add(ImageSet images)
    {
        for (int i = 0; i < images.Count; i++)
            Add(images.Labels[i], images.Image(i));
    }

    /// <summary>The digest of what was taken in.</summary>
    public string End() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();

    /// <summary>The digest of two sets that are in memory.</summary>
    public static string Of(ImageSet train, ImageSet test)
    {
        using var digest = new DatasetDigest();
        digest.Add(train);
        digest.Add(test);
        return digest.End();
    }
}

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
