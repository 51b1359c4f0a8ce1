using BenchmarkDotNet.Attributes;
using Dmkd.Core.Merging;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Benchmarks;

/// <summary>Compression of one update, and the merge of four.</summary>
[MemoryDiagnoser]
public class MergingBenchmarks
{
    private const int Nodes = 4;
    private WeightSet _base = null!;
    private WeightSet[] _deltas = [];

    [Params("convnet(3x32x32;16-32-64-64;8)", "convnet(3x32x32;128-256-512-512;8)")]
    public string Architecture { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        set_num_threads(1);
        var architecture = ArchitectureCatalog.Parse(Architecture);
        _base = WeightTransfer.RandomWeights(architecture, 1);
        _deltas =
        [
            .. Enumerable.Range(2, Nodes).Select(seed => WeightTransfer.RandomWeights(architecture, (ulong)seed)),
        ];
    }

    [Benchmark]
    public long CompressRank8() =>
        new SvdExchange(8).Pack(new NodeUpdate(_deltas[0]) { Seed = 1 }, basis: null).ValueBytes;

    [Benchmark]
    public long CompressDense() => DenseExchange.Whole(_deltas[0]).ValueBytes;

    [Benchmark]
    public long MergeFour()
    {
        using var update = new MeanRule().Merge(_deltas, [1, 1, 1, 1]);
        using var merged = ModuleAverager.Apply(_base, update.Update);
        return merged.ElementCount;
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _base.Dispose();
        foreach (var delta in _deltas)
            delta.Dispose();
    }
}
