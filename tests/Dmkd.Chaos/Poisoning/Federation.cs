using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using Dmkd.Data.Images;
using Dmkd.Data.Seeds;
using Dmkd.Grains.Nodes;
using Dmkd.Hosting.Placement;
using static TorchSharp.torch;

namespace Dmkd.Chaos.Poisoning;

/// <summary>
/// Nodes with private images that train one network, for one seed. Training gives equal bits for an equal start, so
/// runs that are at the same version share it.
/// </summary>
internal sealed class Federation
{
    public const string RunId = "poison";
    private const int AttackerPurpose = 61,
        FirstWeightsPurpose = 62,
        NoisePurpose = 63;
    private const int TestBatch = 250;

    private readonly PoisonSettings _settings;
    private readonly RunSettings _run;
    private readonly int _seed;
    private readonly CancellationToken _stopping;
    private readonly ModuleDescriptor _module;
    private readonly ImageSet[] _shards,
        _mislabelled;
    private readonly ImageSet _test;
    private readonly OnceEach<(string Digest, int Node, int Round, bool IsMislabelled), TrainedNode> _trainings = new();
    private readonly OnceEach<string, (double AsMerged, double Restated)> _accuracies = new();

    /// <param name="settings">The study.</param>
    /// <param name="seed">Seed of shards, first weights, training and choice of attackers.</param>
    /// <param name="dataset">The classes used and no others.</param>
    /// <param name="devices">Lanes to compute on. Borrowed.</param>
    /// <param name="stopping">Ends trainings.</param>
    public Federation(
        PoisonSettings settings,
        int seed,
        ImageDataset dataset,
        SiloDevices devices,
        CancellationToken stopping
    )
    {
        (_settings, _seed, Devices, _test, _stopping) = (settings, seed, devices, dataset.Test, stopping);
        _run = new RunSettings
        {
            Data = new DataSource { Kind = settings.Data.Kind, Seed = seed },
            Tasks = 1,
            Legacy = new() { Tasks = 0 },
            Participation = new() { Nodes = settings.Nodes, Dirichlet = settings.Dirichlet },
            Training = new()
            {
                Rounds = settings.Rounds,
                Epochs = settings.Epochs,
                BatchSize = settings.BatchSize,
                LearningRate = settings.LearningRate,
                Widths = [.. settings.Widths],
            },
            Seed = seed,
        };
        int classes = dataset.ClassNames.Count;
        _module = new ModuleDescriptor
        {
            Library = RunId,
            Name = "expert-1",
            Architecture = new ConvNetArchitecture(
                dataset.Train.Channels,
                dataset.Train.Height,
                settings.Widths,
                classes
            ).ToString(),
            Classes = [.. Enumerable.Range(0, classes)],
            ClassNames = [.. dataset.ClassNames],
            Lineage = new ModuleLineage { Origin = ModuleOrigin.Random, RunId = RunId },
        };
        var data = new RunData(dataset, _run);
        _shards = [.. Enumerable.Range(0, settings.Nodes).Select(node => new SimulatedShards(data, node).ShardOf(0))];
        _mislabelled = [.. _shards.Select(shard => Mislabel(shard, classes))];
        int[] order = [.. Enumerable.Range(0, settings.Nodes)];
        new Random(SeedSequence.Derive(seed, AttackerPurpose)).Shuffle(order);
        AttackersFirst = order;
    }

    /// <summary>Lanes to compute on.</summary>
    public SiloDevices Devices { get; }

    /// <summary>
    /// The nodes, those that attack first first: a larger fraction has the smaller one's attackers and more.
    /// </summary>
    public IReadOnlyList<int> AttackersFirst { get; }

    /// <summary>Key of the module.</summary>
    public string ModuleKey => _module.Key;

    /// <summary>The first version's weights, as safetensors.</summary>
    public Task<byte[]> FirstWeightsAsync() =>
        Devices.Serving.RunAsync(_ =>
        {
            using var weights = WeightTransfer.RandomWeights(
                ArchitectureCatalog.Parse(_module.Architecture),
                (ulong)SeedSequence.Derive(_seed, FirstWeightsPurpose)
            );
            return WeightCodec.Encode(weights);
        });

    /// <summary>What a node trains in a round, by the product's own local work.</summary>
    /// <param name="node">The node.</param>
    /// <param name="round">The round.</param>
    /// <param name="version">The version it starts from.</param>
    /// <param name="weights">That version's weights.</param>
    /// <param name="isMislabelled">Whether its labels are wrong.</param>
    public Task<TrainedNode> TrainAsync(int node, int round, ModuleVersion version, byte[] weights, bool isMislabelled)
    {
        var request = new LocalUpdateRequest
        {
            NodeIndex = node,
            Task = 0,
            Round = round,
            Merging = new MergeOptions(),
            Module = _module,
            Base = version,
            RunId = RunId,
            Settings = _run,
        };
        var shard = (isMislabelled ? _mislabelled : _shards)[node];
        return _trainings.GetAsync(
            (version.Digest, node, round, isMislabelled),
            () =>
                Devices.Training.RunAsync(
                    job =>
                    {
                        using var trained = LocalWork.Train(
                            job,
                            request,
                            shard,
                            weights,
                            weights,
                            teacher: null,
                            residual: null,
                            _ => { }
                        );
                        return new TrainedNode(WeightCodec.Encode(trained.Tensors), trained.Result.SampleCount);
                    },
                    _stopping
                )
        );
    }

    /// <summary>
    /// Share of the test images that some weights get right: as they are, and with batch-norm statistics measured anew
    /// on all nodes' images.
    /// </summary>
    public Task<(double AsMerged, double Restated)> AccuracyAsync(string digest, byte[] weights) =>
        _accuracies.GetAsync(digest, () => Devices.Training.RunAsync(job => Accuracy(job, weights)));

    /// <summary>Seed of a node's noise in a round.</summary>
    public int NoiseSeed(int node, int round) => SeedSequence.Derive(_seed, NoisePurpose, node, round);

    /// <summary>Images that an inflating node claims.</summary>
    public long Claim => _settings.Claim;

    /// <summary>Training images of all nodes: as in a run, no node's word is taken for more.</summary>
    public long ImageCount => _shards.Sum(shard => (long)shard.Count);

    /// <summary>Rounds of a run.</summary>
    public int Rounds => _settings.Rounds;

    private (double AsMerged, double Restated) Accuracy(DeviceJob job, byte[] weights)
    {
        using var noGrad = no_grad();
        using var network = NetworkLoader.Load(_module.Architecture, weights, job.Device);
        double asMerged = Accuracy(job, network);
        int count = _shards.Sum(shard => shard.Count);
        using var pixels = ImageTensors.PixelTensor(
            [.. _shards.SelectMany(shard => shard.Pixels)],
            count,
            _test.Channels,
            _test.Height
        );
        BatchNormStatistics.Reestimate(network, ImageTensors.Normalise(pixels.to(job.Device)), count);
        return (asMerged, Accuracy(job, network));
    }

    private double Accuracy(DeviceJob job, Network network)
    {
        using var images = ImageTensors.From(_test.Pixels, _test.Labels, _test.Channels, _test.Height);
        long right = 0;
        for (long start = 0; start < images.Count; start += TestBatch)
        {
            using var scope = NewDisposeScope();
            long length = Math.Min(TestBatch, images.Count - start);
            var logits = network.forward(ImageTensors.Normalise(images.Inputs.narrow(0, start, length).to(job.Device)));
            right += logits.argmax(1).eq(images.Labels.narrow(0, start, length).to(job.Device)).sum().item<long>();
        }

        return (double)right / images.Count;
    }

    private static ImageSet Mislabel(ImageSet shard, int classes) =>
        new(
            shard.Pixels,
            [.. shard.Labels.Select(label => (label + 1) % classes)],
            shard.Channels,
            shard.Height,
            shard.Width
        );
}

/// <summary>What a node's training left.</summary>
/// <param name="Update">The update, as safetensors.</param>
/// <param name="SampleCount">Images it was trained on.</param>
internal sealed record TrainedNode(byte[] Update, long SampleCount);
