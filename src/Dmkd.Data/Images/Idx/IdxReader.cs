using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using Dmkd.Core;
using Dmkd.Data.Images.Folders;

namespace Dmkd.Data.Images.Idx;

/// <summary>
/// Reads the files of MNIST and those made like it (Fashion-MNIST, EMNIST, KMNIST): grey images and labels in IDX,
/// packed by gzip or not (yann.lecun.com/exdb/mnist). Grey becomes three equal channels, and images are resized.
/// </summary>
internal static class IdxReader
{
    private const int ImageMagic = 0x803,
        LabelMagic = 0x801,
        ImageHeader = 16,
        LabelHeader = 8;
    private const int MaxSide = 4096;
    private static readonly string[] TrainNames = ["train"];
    private static readonly string[] TestNames = ["t10k", "test"];

    [Named(DatasetSpec.Idx, "the files of MNIST and its like (IDX, gzip or not)", Order = 5)]
    public static ImageDataset Read(DatasetSpec spec, IProgress<DatasetProgress>? progress, CancellationToken ct)
    {
        var (train, test) = (SplitRules.Train(spec), SplitRules.Test(spec));
        string folder = spec.RequirePath();
        var testing = Pair(folder, TestNames);
        var testLabels = Labels(testing);
        var (trainPair, trainLabels) = spec.NeedsTraining
            ? (Pair(folder, TrainNames), Labels(Pair(folder, TrainNames)))
            : default;
        byte[] known = [.. testLabels.Concat(trainLabels ?? []).Distinct().Order()];
        string[] names = [.. known.Select(label => label.ToString(CultureInfo.InvariantCulture))];
        var trainSet = trainLabels is null ? Empty(spec.ImageSize) : Set(trainPair!, trainLabels, train);
        var testSet = Set(testing, testLabels, test);
        return new ImageDataset($"{DatasetSpec.Idx}:{folder}", names, trainSet, testSet)
        {
            Digest = DatasetDigest.Of(trainSet, testSet),
        };

        ImageSet Set(IdxPair pair, byte[] labels, SplitRules rules)
        {
            ct.ThrowIfCancellationRequested();
            int[] classes = [.. labels.Select(label => Array.IndexOf(known, label))];
            int[] chosen = rules.Choose(classes, names, spec.Seed, folder);
            string stage = $"reading {rules.Name} images";
            progress?.Report(new DatasetProgress(stage, 0, chosen.Length));
            var images = Images(pair, labels.Length, chosen, spec.ImageSize);
            progress?.Report(new DatasetProgress(stage, chosen.Length, chosen.Length));
            return new ImageSet(images, [.. chosen.Select(i => classes[i])], 3, spec.ImageSize, spec.ImageSize);
        }
    }

    /// <summary>Whether a file is called as images in IDX.</summary>
    public static bool IsImages(string file) => file.Contains("idx3-ubyte", StringComparison.Ordinal);

    private static ImageSet Empty(int size) => new([], [], 3, size, size);

    private static IdxPair Pair(string folder, string[] names)
    {
        if (File.Exists(folder))
            throw new DatasetException($"{folder} is a file; kind '{DatasetSpec.Idx}' needs the folder of the files.");
        var found = Directory
            .EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2 })
            .Where(file => IsImages(Path.GetFileName(file)) && names.Any(name => IsOf(file, name)))
            .Order(StringComparer.Ordinal)
            .DistinctBy(file => Path.GetFileName(file).Replace(".gz", "", StringComparison.Ordinal))
            .ToList();
        if (found.Count == 0)
            throw new DatasetException(
                $"{folder} has no images called {string.Join(" or ", names)}: expected "
                    + "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
                    + "t10k-labels-idx1-ubyte, with .gz or without."
            );
        if (found.Count > 1)
            throw new DatasetException(
                $"{folder} has several data sets ({string.Join(", ", found.Select(Path.GetFileName))}); "
                    + "put the four files of one into a folder of their own."
            );
        string name = Path.GetFileName(found[0])
            .Replace("images", "labels", StringComparison.Ordinal)
            .Replace("idx3", "idx1", StringComparison.Ordinal)
            .Replace(".gz", "", StringComparison.Ordinal);
        string labels = Path.Combine(Path.GetDirectoryName(found[0])!, name);
        if (!File.Exists(labels))
            labels += ".gz";
        return File.Exists(labels)
            ? new IdxPair(found[0], labels)
            : throw new DatasetException($"{found[0]} has no labels: {name} is missing, and so is {name}.gz.");
    }

    private static bool IsOf(string file, string name)
    {
        string[] words = Path.GetFileName(file).Split('-', '.');
        return words.Contains(name, StringComparer.OrdinalIgnoreCase);
    }

    private static byte[] Labels(IdxPair pair)
    {
        byte[] bytes = Read(pair.Labels);
        Require(pair.Labels, bytes, LabelMagic, LabelHeader);
        int count = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4));
        RequireLength(pair.Labels, bytes, LabelHeader + (long)count);
        return bytes[LabelHeader..];
    }

    /// <summary>The chosen images, resized, shape [chosen, 3, size, size].</summary>
    private static byte[] Images(IdxPair pair, int labels, int[] chosen, int size)
    {
        byte[] bytes = Read(pair.Images);
        Require(pair.Images, bytes, ImageMagic, ImageHeader);
        int count = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4));
        int height = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(8));
        int width = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(12));
        if (Math.Min(height, width) < 1 || Math.Max(height, width) > MaxSide)
            throw new DatasetException(
                $"{pair.Images} has images of {width}x{height} pixels; 1 to {MaxSide} a side are read."
            );
        if (count != labels)
            throw new DatasetException($"{pair.Images} has {count} images; {pair.Labels} has {labels} labels.");
        RequireLength(pair.Images, bytes, ImageHeader + (long)count * height * width);
        byte[] pixels = PixelBuffer.Allocate(chosen.Length, size, pair.Images);
        int imageBytes = 3 * size * size;
        Parallel.For(
            0,
            chosen.Length,
            i =>
            {
                var grey = bytes.AsSpan(ImageHeader + chosen[i] * height * width, height * width);
                byte[] colour = new byte[4 * grey.Length];
                for (int j = 0; j < grey.Length; j++)
                    colour.AsSpan(4 * j, 3).Fill(grey[j]);
                TriangleFilter.Resize(colour, width, height, size, pixels.AsSpan(i * imageBytes, imageBytes));
            }
        );
        return pixels;
    }

    private static byte[] Read(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            if (!file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
                return File.ReadAllBytes(file);
            using var gzip = new GZipStream(stream, CompressionMode.Decompress);
            using var unpacked = new MemoryStream();
            byte[] part = new byte[1 << 20];
            while (gzip.Read(part) is > 0 and var length)
            {
                if (unpacked.Length + length > Array.MaxLength)
                    throw new DatasetException($"{file} unpacks to more than {Array.MaxLength} bytes.");
                unpacked.Write(part, 0, length);
            }

            return unpacked.ToArray();
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{file} cannot be read: {e.Message} Download it again.", e);
        }
    }

    private static void Require(string file, byte[] bytes, int magic, int header)
    {
        int actual = bytes.Length < header ? 0 : BinaryPrimitives.ReadInt32BigEndian(bytes);
        if (actual != magic)
            throw new DatasetException(
                $"{file} is no IDX file of this kind: it must begin with 0x{magic:x8}, not 0x{actual:x8}."
            );
    }

    private static void RequireLength(string file, byte[] bytes, long expected)
    {
        if (bytes.Length != expected)
            throw new DatasetException(
                $"{file} is truncated: its header asks for {expected} bytes; it has {bytes.Length}. Download it again."
            );
    }

    private sealed record IdxPair(string Images, string Labels);
}
