using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Modules;
using Dmkd.Core.Training;
using Dmkd.Data;
using Dmkd.Data.Partitioning;
using Dmkd.Experiments.Methods.SharedHead;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.Decentralized;

/// <summary>
/// Learns the tasks one after the other on the run's nodes, each with its own share of the data (<see cref="TaskShards"/>) and its own network:
/// rounds of local training as a DMKD run has them, and a merge every so many rounds and after the last.
/// </summary>
internal sealed class DecentralizedLearning(DeviceJob job, ContinualProblem problem, TrainingOptions options, MergeOptions merging, Action<double> progress)
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
        Network[] nodes = [.. Enumerable.Range(0, problem.Settings.Participation.Nodes).Select(node =>
            ownFirstWeights ? SharedNetwork.Build(job, problem, node) : SharedNetwork.Build(job, problem))];
        try
        {
            for (int task = 0; task < problem.Tasks.Count; task++)
            {
                Train(nodes, merger, task);
                var tested = merger.NodesAgree ? nodes[..1] : nodes;
                record.Add(EvaluationScores.Mean([.. tested.Select(node => TaskEvaluation.Measure(node, problem, task, job.Device))]));
            }
        }
        finally
        {
            foreach (var node in nodes) node.Dispose();
        }

        return record.Finish() with { BytesUp = traffic.Up, BytesDown = traffic.Down, DenseBytes = traffic.Dense };
    }

    private void Train(Network[] nodes, NodeMerger merger, int task)
    {
        var settings = problem.Settings;
        using var scope = NewDisposeScope();
        var positions = TaskShards.Partition(problem.Dataset.Train, problem.Tasks, task, settings.Participation.Nodes, settings.Participation.Dirichlet, settings.Seed);
        Tensor[] inputs = merging is { Align: false, ResetBatchNorm: false } ? [] : InputsOf(task, positions);
        ImageTensors[] shards = [.. positions.Select(shard => SharedNetwork.Images(problem, shard))];
        Generator[] generators = [.. nodes.Select((_, node) =>
            new Generator((ulong)SeedSequence.Derive(settings.Seed, SeedPurpose.NodeTraining, task, node), CPU))];
        try
        {
            for (int round = 0; round < settings.Training.Rounds; round++)
            {
                for (int node = 0; node < nodes.Length; node++)
                {
                    int done = round * nodes.Length + node, all = settings.Training.Rounds * nodes.Length;
                    TrainRound(nodes[node], shards[node], generators[node], round, share => progress((task + (done + share) / all) / problem.Tasks.Count));
                }

                if ((round + 1) % settings.Merging.MergeEvery == 0 || round == settings.Training.Rounds - 1) merger.Merge(nodes, inputs);
            }
        }
        finally
        {
            foreach (var shard in shards) shard.Dispose();
            foreach (var generator in generators) generator.Dispose();
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
        Trainer.Run(network, new ImageTrainingData(data), new CrossEntropy(), now, generator, told, job.CancellationToken);
    }

    // For each node the images it measures on, in the current scope.
    private Tensor[] InputsOf(int task, IReadOnlyList<int[]> shards)
    {
        if (merging.Statistics == StatisticsSource.Local) return [.. shards.Select((shard, node) => Sample(shard, task, node))];
        var all = Sample([.. shards.SelectMany(shard => shard)], task, shards.Count);
        return [.. shards.Select(_ => all)];
    }

    private Tensor Sample(int[] positions, int task, int node)
    {
        int[] chosen = [.. positions];
        new Random(SeedSequence.Derive(problem.Settings.Seed, SeedPurpose.NodeStatistics, task, node)).Shuffle(chosen);
        using var images = SharedNetwork.Images(problem, chosen.AsSpan(0, Math.Min(chosen.Length, merging.StatisticsImages)));
        return ImageTensors.Normalise(images.Pixels.to(job.Device));
    }
}
