using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Core.Modalities;
using Dmkd.Core.Preservation;
using Dmkd.Data;
using Dmkd.Data.Images;
using Dmkd.Data.Partitioning;
using Dmkd.Data.Seeds;
using Dmkd.Serving;
using Microsoft.Extensions.Caching.Memory;

namespace Dmkd.Grains.Nodes;

/// <summary>
/// A run's data: the classes of its tasks and what the legacy model's owner holds, the same on every silo for the same
/// settings.
/// </summary>
public sealed class RunData
{
    private readonly RunSettings _settings;

    /// <summary>Binds settings to their data set.</summary>
    /// <param name="dataset">Borrowed.</param>
    /// <param name="settings">The run's settings.</param>
    /// <exception cref="DatasetException">The data set does not suit the settings; the message says why.</exception>
    public RunData(ImageDataset dataset, RunSettings settings)
    {
        Dataset = dataset;
        _settings = settings;
        Tasks = TaskSequence.Split(dataset.ClassNames.Count, settings.Tasks, settings.TaskSizes);
        if (settings.Fitting.Exemplars > 0 && settings.Fitting.Exemplars < dataset.ClassNames.Count)
            throw new DatasetException(
                $"{settings.Fitting.Exemplars} exemplars are fewer than one for each of "
                    + $"{dataset.ClassNames.Count} classes; keep more, or none."
            );
        if (settings.Training.Architecture is { } named)
            RequireFit(named, dataset.Train);
    }

    /// <summary>The classes of a library that parties grow; it has no images, since they are the nodes' own.</summary>
    /// <param name="settings">The library's settings, with a lesson at least.</param>
    public static RunData OfLibrary(RunSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        int size = settings.Data.ImageSize;
        var none = new ImageSet([], [], channels: 3, size, size);
        return new RunData(new ImageDataset("parties", settings.Library!.ClassNames, none, none), settings);
    }

    /// <summary>What the inputs of runs are; so far, data sets are of images.</summary>
    public static IModality Modality { get; } = ModalityCatalog.All.Find("images");

    /// <summary>The data set.</summary>
    public ImageDataset Dataset { get; }

    /// <summary>The run's settings.</summary>
    internal RunSettings Settings => _settings;

    /// <summary>The tasks.</summary>
    public TaskSequence Tasks { get; }

    /// <summary>Classes of the tasks up to one, in order.</summary>
    public int[] ClassesUpTo(int task) => [.. Enumerable.Range(0, task + 1).SelectMany(Tasks.ClassesOf)];

    /// <summary>Training images of a task, over all nodes.</summary>
    public long TrainingCountOf(int task) =>
        _settings.Library is { } plan
            ? plan.Tasks[task].Examples
            : Dataset.Train.PositionsOf(Tasks.ClassesOf(task)).Length;

    private static void RequireFit(string named, ImageSet images)
    {
        var network = NetworkFamily.Read(named, images.Height);
        if (network.InputShape != images.InputShape)
            throw new DatasetException(
                $"The images are {images.InputShape}; the network '{named}' takes {network.InputShape}."
            );
    }

    /// <summary>
    /// What the owner of the legacy model holds: the training images of its classes, labelled by position among them.
    /// </summary>
    public ImageSet LegacyTraining()
    {
        int[] classes = ClassesUpTo(_settings.Legacy.Tasks - 1);
        return Relabel(Dataset.Train.Select(Dataset.Train.PositionsOf(classes)), classes);
    }

    /// <summary>The legacy owner's calibration set: a few images per class.</summary>
    public ImageSet LegacyCalibration()
    {
        var training = LegacyTraining();
        return training.Select(
            CalibrationSampler.Sample(
                training.Labels,
                _settings.Fitting.CalibrationPerClass,
                SeedSequence.Derive(_settings.Seed, SeedPurpose.LegacyOwnersImages)
            )
        );
    }

    /// <summary>Test images of some classes with the data set's own labels.</summary>
    public ImageSet TestOf(IReadOnlyCollection<int> classes) => Dataset.Test.Select(Dataset.Test.PositionsOf(classes));

    /// <summary>The same images with labels by position in <paramref name="classes"/>.</summary>
    public static ImageSet Relabel(ImageSet images, IReadOnlyList<int> classes) =>
        images.Relabel(label => classes.Index().First(entry => entry.Item == label).Index);
}

/// <summary>
/// Reads each data set once per silo, on a thread of its own: decoding is long work. One that nobody asked for in an
/// hour is read again when somebody does. Thread-safe.
/// </summary>
/// <param name="time">What time it is; the system's when not given.</param>
public sealed class DatasetCache(TimeProvider? time = null) : IDisposable
{
    /// <summary>How long a data set is kept that nobody asks for.</summary>
    public static readonly TimeSpan MaxIdle = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly MemoryCache _datasets = IdleExpiry.CreateCache(time ?? TimeProvider.System);

    /// <summary>The data set of a source.</summary>
    /// <exception cref="DatasetException">The source cannot be read; the next call tries again.</exception>
    public async Task<ImageDataset> GetAsync(DataSource source, IProgress<DatasetProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        var place = source with { Contents = null };
        Task<ImageDataset> loading;
        lock (_gate)
        {
            if (!_datasets.TryGetValue(place, out loading!) || loading.IsFaulted)
                _datasets.SetIdling(place, loading = LoadAsync(place, progress), MaxIdle);
        }

        var dataset = await loading;
        Require(source, dataset);
        return dataset;
    }

    /// <summary>What a data set holds, to be known again; null for images that are drawn, which never change.</summary>
    public static DataContents? ContentsOf(ImageDataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return dataset.Digest.Length == 0 ? null : Held(dataset);
    }

    /// <summary>What a data set holds.</summary>
    internal static DataContents Held(ImageDataset dataset) =>
        new DataContents
        {
            ClassNames = [.. dataset.ClassNames],
            TrainCounts = CountsOf(dataset.Train, dataset.ClassNames.Count),
            TestCounts = CountsOf(dataset.Test, dataset.ClassNames.Count),
            Digest = dataset.Digest,
        };

    /// <summary>What there is to load for a source.</summary>
    public static DatasetSpec SpecOf(DataSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new DatasetSpec
        {
            Kind = source.Kind,
            Path = source.Path,
            TrainPerClass = source.TrainPerClass,
            TestPerClass = source.TestPerClass,
            ImageSize = source.ImageSize,
            Seed = source.Seed,
            Holdout = source.Holdout,
            ClassOrder = source.ClassOrder,
            ClassOrderSeed = source.ClassOrderSeed,
        };
    }

    /// <summary>Lets go of all data sets.</summary>
    public void Dispose() => _datasets.Dispose();

    /// <summary>Refuses data that changed since work on it began: labels and numbers would shift in silence.</summary>
    private static void Require(DataSource source, ImageDataset dataset)
    {
        if (source.Contents?.ChangeTo(Held(dataset)) is not { } change)
            return;
        throw new DatasetException(
            $"{dataset.Name} is not the data that this began with: {change}. Put it back as it was, name by "
                + "--data-path where it is now, or begin anew."
        );
    }

    private static int[] CountsOf(ImageSet images, int classes)
    {
        int[] counts = new int[classes];
        foreach (int label in images.Labels)
            counts[label]++;
        return counts;
    }

    private static Task<ImageDataset> LoadAsync(DataSource source, IProgress<DatasetProgress>? progress) =>
        Task.Factory.StartNew(
            () => DatasetLoader.Load(SpecOf(source), progress),
            CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default
        );
}
