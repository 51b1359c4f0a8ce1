using Dmkd.Contracts.Runs;
using Dmkd.Data;
using Dmkd.Data.Partitioning;

namespace Dmkd.Grains.Data;

/// <summary>A run's data: the classes of its tasks and each node's private share, the same on every silo for the same settings.</summary>
public sealed class RunData
{
    private const int LegacyPurpose = 1;
    private const int CalibrationPurpose = 2;
    private const int PartitionPurpose = 3;
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
    }

    /// <summary>The data set.</summary>
    public ImageDataset Dataset { get; }

    /// <summary>The tasks.</summary>
    public TaskSequence Tasks { get; }

    /// <summary>Classes of the tasks up to one, in order.</summary>
    public int[] ClassesUpTo(int task) => [.. Enumerable.Range(0, task + 1).SelectMany(Tasks.ClassesOf)];

    /// <summary>A node's private training images of a task, labelled by the task's own class positions.</summary>
    public ImageSet ShardOf(int task, int node)
    {
        int[] ofTask = Dataset.Train.PositionsOf(Tasks.ClassesOf(task));
        int[] labels = [.. ofTask.Select(i => Dataset.Train.Labels[i])];
        var shares = DirichletPartitioner.Partition(
            labels, _settings.Nodes, _settings.Dirichlet, SeedSequence.Derive(_settings.Seed, PartitionPurpose, task));
        return Relabel(Dataset.Train.Select([.. shares[node].Select(i => ofTask[i])]), Tasks.ClassesOf(task));
    }

    /// <summary>A sample of a node's shard for entropy statistics.</summary>
    public ImageSet CalibrationOf(int task, int node)
    {
        var shard = ShardOf(task, node);
        return shard.Select(CalibrationSampler.Sample(
            shard.Labels, Math.Max(1, _settings.CalibrationPerClass / _settings.Nodes), SeedSequence.Derive(_settings.Seed, CalibrationPurpose, task, node)));
    }

    /// <summary>What the owner of the legacy model holds: the training images of its classes, labelled by position among them.</summary>
    public ImageSet LegacyTraining()
    {
        int[] classes = ClassesUpTo(_settings.LegacyTasks - 1);
        return Relabel(Dataset.Train.Select(Dataset.Train.PositionsOf(classes)), classes);
    }

    /// <summary>The legacy owner's calibration set: a few images per class.</summary>
    public ImageSet LegacyCalibration()
    {
        var training = LegacyTraining();
        return training.Select(CalibrationSampler.Sample(
            training.Labels, _settings.CalibrationPerClass, SeedSequence.Derive(_settings.Seed, LegacyPurpose)));
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
