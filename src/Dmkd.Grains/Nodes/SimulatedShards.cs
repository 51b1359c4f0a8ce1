using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Core.Modalities;
using Dmkd.Data.Images;
using Dmkd.Data.Partitioning;
using Dmkd.Data.Seeds;

namespace Dmkd.Grains.Nodes;

/// <summary>A node's images, task by task, whoever cut them: what is chosen of them is drawn by the run's seed.</summary>
/// <param name="data">The run's data. Borrowed.</param>
/// <param name="node">Index of the node in the run.</param>
public abstract class NodeShards(RunData data, int node) : INodeData
{
    /// <inheritdoc/>
    public IModality Modality => RunData.Modality;

    /// <summary>The run's data.</summary>
    protected RunData Data { get; } = data;

    /// <summary>The run's settings.</summary>
    protected RunSettings Settings => Data.Settings;

    /// <summary>All its images of a task, labelled by position among the task's classes.</summary>
    public abstract ImageSet ShardOf(int task);

    /// <summary>Images kept for testing, with the data set's labels.</summary>
    public abstract IExamples HeldOut();

    /// <inheritdoc/>
    public int[] ClassesOf(int task) => [.. Data.Tasks.ClassesOf(task)];

    /// <inheritdoc/>
    public IExamples TrainingOf(int task) => ShardOf(task);

    /// <inheritdoc/>
    public IExamples CalibrationOf(int task)
    {
        var shard = ShardOf(task);
        return shard.Select(
            CalibrationSampler.Sample(
                shard.Labels,
                Math.Max(1, Settings.Fitting.CalibrationPerClass / NodesOf(task)),
                SeedSequence.Derive(Settings.Seed, SeedPurpose.NodeCalibration, task, node)
            )
        );
    }

    /// <inheritdoc/>
    public IExamples MeasuredOf(int task, int most)
    {
        var shard = ShardOf(task);
        int[] classes = ClassesOf(task);
        if (shard.Count > most)
            shard = shard.Select(
                CalibrationSampler.Sample(
                    shard.Labels,
                    Math.Max(1, most / classes.Length),
                    SeedSequence.Derive(Settings.Seed, SeedPurpose.MeasuredImages, task, node)
                )
            );
        return Named(shard, classes);
    }

    /// <summary>A node that has fewer images of a class than its share keeps those.</summary>
    /// <inheritdoc cref="INodeData.ExemplarsOf"/>
    public IExamples ExemplarsOf(int lastTask)
    {
        int perClass = Settings.Fitting.Exemplars / Data.ClassesUpTo(lastTask).Length;
        var kept = Enumerable
            .Range(0, lastTask + 1)
            .Select(task =>
            {
                var shard = ShardOf(task);
                int[] classes = ClassesOf(task);
                var picked = classes
                    .Index()
                    .SelectMany(entry =>
                    {
                        int[] own = shard.PositionsOf([entry.Index]);
                        new Random(
                            SeedSequence.Derive(Settings.Seed, SeedPurpose.Exemplars, task, node, entry.Index)
                        ).Shuffle(own);
                        return own.Take(ShareOf(perClass, node + entry.Item));
                    });
                var images = shard.Select([.. picked]);
                return Named(images, classes);
            })
            .ToArray();
        return ImageSet.Concat(kept);
    }

    /// <summary>Nodes that share a task's calibration images.</summary>
    protected virtual int NodesOf(int task) => Settings.Participation.Nodes;

    /// <summary>A task's images with the data set's labels.</summary>
    private static ImageSet Named(ImageSet images, int[] classes) => images.Relabel(label => classes[label]);

    /// <summary>
    /// A node's part of a class's exemplars: the nodes that get one more than others change from class to class.
    /// </summary>
    private int ShareOf(int perClass, int turn) =>
        perClass / Settings.Participation.Nodes
        + (turn % Settings.Participation.Nodes < perClass % Settings.Participation.Nodes ? 1 : 0);
}

/// <summary>
/// A pretended party's share of a public data set, for experiments: every silo reads the whole set and cuts it in the
/// same way, so that any of them can run any node.
/// </summary>
/// <param name="data">The run's data. Borrowed.</param>
/// <param name="node">Index of the node in the run.</param>
public sealed class SimulatedShards(RunData data, int node) : NodeShards(data, node)
{
    private readonly int _node = node;

    /// <inheritdoc/>
    public override ImageSet ShardOf(int task)
    {
        var shares = TaskShards.Partition(
            Data.Dataset.Train,
            Data.Tasks,
            task,
            Settings.Participation.Nodes,
            Settings.Participation.Dirichlet,
            Settings.Seed
        );
        return RunData.Relabel(Data.Dataset.Train.Select(shares[_node]), Data.Tasks.ClassesOf(task));
    }

    /// <inheritdoc/>
    /// <remarks>An experiment is evaluated on its data set's own test images, in one place.</remarks>
    public override IExamples HeldOut() => Data.Dataset.Test.Select([]);
}

/// <summary>Nodes of experiments.</summary>
/// <param name="datasets">Reads data sets. Borrowed.</param>
internal sealed class SimulatedNodes(DatasetCache datasets) : INodeDataSource
{
    public async Task<INodeData> OpenAsync(RunSettings settings, int node)
    {
        var dataset = await datasets.GetAsync(settings.Data);
        return new SimulatedShards(new RunData(dataset, settings), node);
    }
}
