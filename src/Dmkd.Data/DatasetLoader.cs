using Dmkd.Data.Cifar;
using Dmkd.Data.Images;
using Dmkd.Data.Synthetic;

namespace Dmkd.Data;

/// <summary>The one way to get a dataset: checks the specification, then asks the reader of its kind.</summary>
public static class DatasetLoader
{
    private const int MinimumImageSize = 8;
    private const int MaximumImageSize = 512;
    private const int FixedImageSize = 32; // of every kind that is not decoded from image files

    /// <summary>Loads a dataset into memory; blocks, and decodes on all cores.</summary>
    /// <param name="spec">What to load.</param>
    /// <param name="progress">Told about every thousandth image or so, on any thread; null for silence.</param>
    /// <param name="ct">Stops the load between two images.</param>
    /// <returns>The dataset, owned by the caller.</returns>
    /// <exception cref="DatasetException">The specification or the data cannot be used.</exception>
    /// <exception cref="OperationCanceledException">The load was stopped.</exception>
    public static ImageDataset Load(DatasetSpec spec, IProgress<DatasetProgress>? progress = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ct.ThrowIfCancellationRequested();
        CheckImageSize(spec);
        var (train, test) = (SplitRules.Train(spec), SplitRules.Test(spec));
        return spec.Kind switch
        {
            DatasetSpec.Synthetic => Draw(spec, progress),
            DatasetSpec.Images => ImageFolderReader.Read(ExistingPath(spec), spec, train, test, progress, ct),
            DatasetSpec.Cifar10 => CifarReader.Read(ExistingPath(spec), CifarFormat.Cifar10, spec.Seed, train, test, progress, ct),
            DatasetSpec.Cifar100 => CifarReader.Read(ExistingPath(spec), CifarFormat.Cifar100, spec.Seed, train, test, progress, ct),
            _ => throw new DatasetException($"Kind '{spec.Kind}' is unknown; choose one of: {string.Join(", ", DatasetSpec.Kinds)}."),
        };
    }

    private static ImageDataset Draw(DatasetSpec spec, IProgress<DatasetProgress>? progress)
    {
        int train = spec.TrainPerClass ?? SyntheticImages.DefaultTrainPerClass;
        int test = spec.TestPerClass ?? SyntheticImages.DefaultTestPerClass;
        long total = ((long)train + test) * SyntheticImages.ClassCount;
        progress?.Report(new DatasetProgress("drawing images", 0, total));
        var dataset = SyntheticImages.Generate(train, test, spec.Seed);
        progress?.Report(new DatasetProgress("drawing images", total, total));
        return dataset;
    }

    private static void CheckImageSize(DatasetSpec spec)
    {
        if (spec.ImageSize is < MinimumImageSize or > MaximumImageSize)
            throw new DatasetException(
                $"{nameof(DatasetSpec.ImageSize)} must be in [{MinimumImageSize}, {MaximumImageSize}] pixels; it is {spec.ImageSize}.");
        if (spec.Kind is not DatasetSpec.Images && DatasetSpec.Kinds.Contains(spec.Kind) && spec.ImageSize != FixedImageSize)
            throw new DatasetException(
                $"{nameof(DatasetSpec.ImageSize)} must be {FixedImageSize} for kind '{spec.Kind}'; it is {spec.ImageSize}. "
                + "Leave it out, or use kind 'images', which resizes.");
    }

    private static string ExistingPath(DatasetSpec spec)
    {
        if (string.IsNullOrWhiteSpace(spec.Path))
            throw new DatasetException($"Kind '{spec.Kind}' needs a path; set {nameof(DatasetSpec.Path)} to the dataset's folder or file.");
        if (!Directory.Exists(spec.Path) && !File.Exists(spec.Path))
            throw new DatasetException($"{spec.Path} does not exist; set {nameof(DatasetSpec.Path)} to the dataset's folder or file.");
        return spec.Path;
    }
}
