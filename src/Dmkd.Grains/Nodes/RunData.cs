using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Core.Preservation;
using Dmkd.Data;
using Dmkd.Data.Images;
using Dmkd.Data.Partitioning;
using Dmkd.Data.Seeds;
using Dmkd.Serving;
using Microsoft.Extensions.Caching.Memory;

namespace Dmkd.Grains.Nodes;

/// <summary>
/// A run's data: the classes of its tasks and each node's private share, the same on every silo for the same
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
        Tasks = TaskSequence.Split(dataset.ClassNames.Count, settings.Tasks);
        if (settings.Fitting.Exemplars > 0 && settings.Fitting.Exemplars < dataset.ClassNames.Count)
            throw new DatasetException(
                $"{settings.Fitting.Exemplars} exemplars are fewer than one for each of "
                    + $"{dataset.ClassNames.Count} classes; keep more, or none."
            );
        if (settings.Training.Architecture is { } named)
            RequireFit(named, dataset.Train);
    }

    /// <summary>The data set.</summary>
    public ImageDataset Dataset { get; }

    /// <summary>The tasks.</summary>
    public TaskSequence Tasks { get; }

    /// <summary>Classes of the tasks up to one, in order.</summary>
    public int[] ClassesUpTo(int task) => [.. Enumerable.Range(0, task + 1).SelectMany(Tasks.ClassesOf)];

    /// <summary>Training images of a task, over all nodes.</summary>
    public int TrainingCountOf(int task) => Dataset.Train.PositionsOf(Tasks.ClassesOf(task)).Length;

    /// <summary>A node's private training images of a task, labelled by the task's own class positions.</summary>
    public ImageSet ShardOf(int task, int node)
    {
        var shares = TaskShards.Partition(
            Dataset.Train,
            Tasks,
            task,
            _settings.Participation.Nodes,
            _settings.Participation.Dirichlet,
            _settings.Seed
        );
        return Relabel(Dataset.Train.Select(shares[node]), Tasks.ClassesOf(task));
    }

    /// <summary>A sample of a node's shard for entropy statistics.</summary>
    public ImageSet CalibrationOf(int task, int node)
    {
        var shard = ShardOf(task, node);
        return shard.Select(
            CalibrationSampler.Sample(
                shard.Labels,
                Math.Max(1, _settings.Fitting.CalibrationPerClass / _settings.Participation.Nodes),
                SeedSequence.Derive(_settings.Seed, SeedPurpose.NodeCalibration, task, node)
            )
        );
    }

    /// <summary>
    /// A node's training images of a task with the data set's labels; of more than may be, a sample with as many of
    /// each class.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="node">The node.</param>
    /// <param name="most">Most images.</param>
    public ImageSet MeasuredOf(int task, int node, int most)
    {
        var shard = ShardOf(task, node);
        int[] classes = [.. Tasks.ClassesOf(task)];
        if (shard.Count > most)
            shard = shard.Select(
                CalibrationSampler.Sample(
                    shard.Labels,
                    Math.Max(1, most / classes.Length),
                    SeedSequence.Derive(_settings.Seed, SeedPurpose.MeasuredImages, task, node)
                )
            );
        return Named(shard, classes);
    }

    /// <summary>
    /// The training images that a node keeps to fit the routing to, with the data set's labels: its share of the
    /// classes seen. A later task
    /// leaves a subset of what was kept before. A node that has fewer images of a class than its share keeps those.
    /// </summary>
    /// <param name="lastTask">Last task whose classes have been seen.</param>
    /// <param name="node">The node.</param>
    public ImageSet ExemplarsOf(int lastTask, int node)
    {
        int perClass = _settings.Fitting.Exemplars / ClassesUpTo(lastTask).Length;
        var kept = Enumerable
            .Range(0, lastTask + 1)
            .Select(task =>
            {
                var shard = ShardOf(task, node);
                int[] classes = [.. Tasks.ClassesOf(task)];
                var picked = classes
                    .Index()
                    .SelectMany(entry =>
                    {
                        int[] own = shard.PositionsOf([entry.Index]);
                        new Random(
                            SeedSequence.Derive(_settings.Seed, SeedPurpose.Exemplars, task, node, entry.Index)
                        ).Shuffle(own);
                        return own.Take(ShareOf(perClass, node + entry.Item));
                    });
                var images = shard.Select([.. picked]);
                return Named(images, classes);
            })
            .ToArray();
        byte[] pixels = new byte[kept.Sum(images => images.Pixels.Length)];
        int end = 0;
        foreach (var images in kept)
        {
            images.Pixels.CopyTo(pixels, end);
            end += images.Pixels.Length;
        }

        return new ImageSet(
            pixels,
            [.. kept.SelectMany(images => images.Labels)],
            kept[0].Channels,
            kept[0].Height,
            kept[0].Width
        );
    }

    private static void RequireFit(string named, ImageSet images)
    {
        var network = NetworkFamily.Read(named, images.Height);
        if (network.InputChannels != images.Channels || network.InputSize != images.Height)
            throw new DatasetException(
                $"The images are {images.Channels}x{images.Height}x{images.Width}; the network '{named}' "
                    + $"takes {network.InputChannels}x{network.InputSize}x{network.InputSize}."
            );
    }

    /// <summary>A task's images with the data set's labels.</summary>
    private static ImageSet Named(ImageSet images, int[] classes) =>
        new(
            images.Pixels,
            [.. images.Labels.Select(label => classes[label])],
            images.Channels,
            images.Height,
            images.Width
        );

    /// <summary>
    /// A node's part of a class's exemplars: the nodes that get one more than others change from class to class.
    /// </summary>
    private int ShareOf(int perClass, int turn) =>
        perClass / _settings.Participation.Nodes
        + (turn % _settings.Participation.Nodes < perClass % _settings.Participation.Nodes ? 1 : 0);

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
    public static ImageSet Relabel(ImageSet images, IReadOnlyList<int> classes)
    {
        int[] labels = [.. images.Labels.Select(label => classes.Index().First(entry => entry.Item == label).Index)];
        return new ImageSet(images.Pixels, labels, images.Channels, images.Height, images.Width);
    }
}

/// <summary>
/// Reads each data set once per silo, on a thread of its own: decoding is long work. One that nobody asked for in an
/// hour is read again when
/// somebody does. Thread-safe.
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
        Task<ImageDataset> loading;
        lock (_gate)
        {
            if (!_datasets.TryGetValue(source, out loading!) || loading.IsFaulted)
                _datasets.SetIdling(source, loading = LoadAsync(source, progress), MaxIdle);
        }

        return await loading;
    }

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
        };
    }

    /// <summary>Lets go of all data sets.</summary>
    public void Dispose() => _datasets.Dispose();

    private static Task<ImageDataset> LoadAsync(DataSource source, IProgress<DatasetProgress>? progress) =>
        Task.Factory.StartNew(
            () => DatasetLoader.Load(SpecOf(source), progress),
            CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default
        );
}
