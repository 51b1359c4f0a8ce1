using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Core.Training;
using Dmkd.Data.Partitioning;
using Dmkd.Data.Seeds;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// Learns the tasks one after the other on the run's nodes, each with its own share of the data
/// (<see cref="TaskShards"/>) and its own network: rounds of local training as a DMKD run has them, and a merge every
/// so many rounds and after the last.
/// </summary>
internal sealed class DecentralizedLearning(
    DeviceJob job,
    ContinualProblem problem,
    TrainingOptions options,
    MergeOptions merging,
    Action<double> progress
)
{
    /// <summary>Learns all tasks.</summary>
    /// <param name="method">The method's name.</param>
    /// <param name="ownFirstWeights">Whether every node starts from weights of its own.</param>
    public MethodResult Learn(string method, bool ownFirstWeights)
    {
        var architecture = SharedNetwork.ArchitectureOf(problem);
        LearningRecord record = new(method, job, architecture.ParameterCount, architecture.MultiplyAdds);
        Traffic traffic = new();
        NodeMerger merger = new(merging, traffic);
        Network[] nodes =
        [
            .. Enumerable
                .Range(0, problem.Settings.Participation.Nodes)
                .Select(node =>
                    ownFirstWeights ? SharedNetwork.Build(job, problem, node) : SharedNetwork.Build(job, problem)
                ),
        ];
        try
        {
            for (int task = 0; task < problem.Tasks.Count; task++)
            {
                Train(nodes, merger, task);
                var tested = merger.NodesAgree ? nodes[..1] : nodes;
                record.Add(
                    EvaluationScores.Mean([
                        .. tested.Select(node => TaskEvaluation.Measure(node, problem, task, job.Device)),
                    ])
                );
            }
        }
        finally
        {
            foreach (var node in nodes)
                node.Dispose();
        }

        return record.Finish() with
        {
            BytesUp = traffic.Up,
            BytesDown = traffic.Down,
            DenseBytes = traffic.Dense,
        };
    }

    private void Train(Network[] nodes, NodeMerger merger, int task)
    {
        var settings = problem.Settings;
        using var scope = NewDisposeScope();
        var positions = TaskShards.Partition(
            problem.Dataset.Train,
            problem.Tasks,
            task,
            settings.Participation.Nodes,
            settings.Participation.Dirichlet,
            settings.Seed
        );
        Tensor[] inputs = merging is { Align: false, ResetBatchNorm: false } ? [] : InputsOf(task, positions);
        ImageTensors[] shards = [.. positions.Select(shard => SharedNetwork.Images(problem, shard))];
        Generator[] generators =
        [
            .. nodes.Select(
                (_, node) =>
                    new Generator((ulong)SeedSequence.Derive(settings.Seed, SeedPurpose.NodeTraining, task, node), CPU)
            ),
        ];
        try
        {
            for (int round = 0; round < settings.Training.Rounds; round++)
            {
                for (int node = 0; node < nodes.Length; node++)
                {
                    int done = round * nodes.Length + node,
                        all = settings.Training.Rounds * nodes.Length;
                    TrainRound(
                        nodes[node],
                        shards[node],
                        generators[node],
                        round,
                        share => progress((task + (done + share) / all) / problem.Tasks.Count)
                    );
                }

                if ((round + 1) % settings.Merging.MergeEvery == 0 || round == settings.Training.Rounds - 1)
                    merger.Merge(nodes, inputs);
            }
        }
        finally
        {
            foreach (var shard in shards)
                shard.Dispose();
            foreach (var generator in generators)
                generator.Dispose();
        }
    }

    private void TrainRound(Network network, ImageTensors data, Generator generator, int round, Action<double> told)
    {
        var settings = problem.Settings;
        var now = options with
        {
            Epochs = settings.Training.Epochs,
            BatchSize = settings.Training.BatchSize,
            LearningRate = LearningRateSchedule.Cosine(options.LearningRate, round, settings.Training.Rounds),
        };
        Trainer.Run(
            network,
            new ImageTrainingData(data),
            new CrossEntropy(),
            now,
            generator,
            told,
            job.CancellationToken
        );
    }

    // For each node the images it measures on, in the current scope.
    private Tensor[] InputsOf(int task, IReadOnlyList<int[]> shards)
    {
        if (merging.Statistics == StatisticsSource.Local)
            return [.. shards.Select((shard, node) => Sample(shard, task, node))];
        var all = Sample([.. shards.SelectMany(shard => shard)], task, shards.Count);
        return [.. shards.Select(_ => all)];
    }

    private Tensor Sample(int[] positions, int task, int node)
    {
        int[] chosen = [.. positions];
        new Random(SeedSequence.Derive(problem.Settings.Seed, SeedPurpose.NodeStatistics, task, node)).Shuffle(chosen);
        using var images = SharedNetwork.Images(
            problem,
            chosen.AsSpan(0, Math.Min(chosen.Length, merging.StatisticsImages))
        );
        return ImageTensors.Normalise(images.Inputs.to(job.Device));
    }
}

/// <summary>Counts what nodes exchange: serialized safetensors of fp32.</summary>
internal sealed class Traffic
{
    /// <summary>Bytes that nodes sent.</summary>
    public long Up { get; private set; }

    /// <summary>Bytes that nodes fetched.</summary>
    public long Down { get; private set; }

    /// <summary>What they sent, as bare fp32 values.</summary>
    public long Dense { get; private set; }

    /// <summary>Serializes and counts.</summary>
    /// <param name="weights">Borrowed.</param>
    /// <param name="sent">How often it is sent.</param>
    /// <param name="fetched">How often it is fetched.</param>
    /// <returns>The bytes.</returns>
    public byte[] Send(WeightSet weights, int sent, int fetched)
    {
        byte[] bytes = WeightCodec.Encode(weights);
        Up += (long)bytes.Length * sent;
        Down += (long)bytes.Length * fetched;
        Dense += weights.DenseBytes * sent;
        return bytes;
    }
}

/// <summary>How nodes merge their networks.</summary>
/// <param name="Topology">Whom a node averages with.</param>
/// <param name="Align">Whether units are put into the reference's order by their activations before averaging.</param>
/// <param name="ResetBatchNorm">Whether batch-norm statistics are re-estimated after it.</param>
/// <param name="Statistics">Images both are measured on.</param>
/// <param name="StatisticsImages">Most images of them, at least 2.</param>
public sealed record MergeOptions(
    Topology Topology,
    bool Align,
    bool ResetBatchNorm,
    StatisticsSource Statistics,
    int StatisticsImages
)
{
    private const int UsualImages = 500;

    /// <summary>
    /// Reads <c>topology</c> (fully-connected or ring), <c>statistics</c> (local or global) and
    /// <c>statistics-images</c>.
    /// </summary>
    internal static MergeOptions Read(MethodParameters parameters, bool align, bool resetBatchNorm) =>
        new(
            parameters.OneOf("topology", "fully-connected", ["fully-connected", "ring"]) == "ring"
                ? Topology.Ring
                : Topology.FullyConnected,
            align,
            resetBatchNorm,
            parameters.OneOf("statistics", "local", ["local", "global"]) == "local"
                ? StatisticsSource.Local
                : StatisticsSource.Global,
            parameters.Count("statistics-images", UsualImages, 2, 1_000_000)
        );

    /// <summary>The nodes whose networks one node averages, itself first.</summary>
    /// <param name="node">The node, in [0, nodes).</param>
    /// <param name="nodes">Number of nodes.</param>
    internal int[] SourcesOf(int node, int nodes) =>
        Topology == Topology.Ring
            ? [.. new[] { node, (node + nodes - 1) % nodes, (node + 1) % nodes }.Distinct()]
            : [node, .. Enumerable.Range(0, nodes).Where(other => other != node)];
}

/// <summary>Whom a node averages with, in equal shares with itself: the rows of the mixing matrix Π.</summary>
public enum Topology
{
    /// <summary>Everybody: Π = 1/N. One average for all.</summary>
    FullyConnected,

    /// <summary>The node before and the node after: Π = 1/3 each. As many averages as nodes.</summary>
    Ring,
}

/// <summary>Which images activations and batch-norm statistics are measured on in a merge.</summary>
public enum StatisticsSource
{
    /// <summary>Each node's own: no image leaves it.</summary>
    Local,

    /// <summary>
    /// Those of all nodes, as DIMAT's published code does it: every node must hold the whole training set.
    /// </summary>
    Global,
}
