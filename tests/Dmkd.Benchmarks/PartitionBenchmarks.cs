using BenchmarkDotNet.Attributes;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using static TorchSharp.torch;

namespace Dmkd.Benchmarks;

/// <summary>The importance graph of a network, and its partition into four sub-networks.</summary>
/// <remarks>Random weights have no sub-networks to find: the slowest case there is.</remarks>
[MemoryDiagnoser]
public class PartitionBenchmarks
{
    private const string Planted = "planted-10000";
    private NetworkArchitecture? _architecture;
    private ImportanceScores? _scores;
    private (int, int, double)[] _edges = [];
    private UnitNode[] _nodes = [];
    private ImportanceGraph _graph = null!;

    [Params("resnet20", "resnet50", Planted)]
    public string Network { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        set_num_threads(1);
        if (Network == Planted)
            PlantBlocks(layers: 40, width: 250, density: 0.2);
        else
            ScoreRandomWeights();
        _graph = Build();
    }

    [Benchmark]
    public ImportanceGraph Build() =>
        _architecture is null || _scores is null
            ? ImportanceGraph.FromEdges(_nodes, _edges)
            : ImportanceGraph.Build(_architecture, _scores);

    [Benchmark]
    public int[] Partition() => SpectralPartitioner.Partition(_graph, 4, new SpectralOptions());

    [GlobalCleanup]
    public void Cleanup() => _scores?.Dispose();

    private void ScoreRandomWeights()
    {
        _architecture = ArchitectureCatalog.Named(Network, 10);
        using var weights = WeightTransfer.RandomWeights(_architecture, 1);
        _scores = new ImportanceScores(
            1,
            weights.Map((_, weight) => weight.abs()),
            new Dictionary<string, double[,]>()
        );
    }

    // Layers joined to the next one, edges between units of the same parity four times as heavy.
    private void PlantBlocks(int layers, int width, double density)
    {
        var random = new Random(6);
        _nodes =
        [
            .. Enumerable.Range(0, layers * width).Select(node => new UnitNode($"layer{node / width}", node % width)),
        ];
        _edges =
        [
            .. from a in Enumerable.Range(0, (layers - 1) * width)
            from b in Enumerable.Range((a / width + 1) * width, width)
            where random.NextDouble() < density
            select (a, b, random.NextDouble() * (a % 2 == b % 2 ? 4 : 1)),
        ];
    }
}
