using BenchmarkDotNet.Attributes;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Benchmarks;

/// <summary>One epoch of rotation-labelled training on 640 images, per network size.</summary>
[MemoryDiagnoser]
public class TrainingBenchmarks
{
    private const int Images = 640;
    private Generator _generator = null!;
    private Network _network = null!;
    private ImageTensors _data = null!;
    private ImageTrainingData _images = null!;

    [Params("convnet(3x32x32;16-32-64-64;8)", "convnet(3x32x32;32-64-128-128;8)")]
    public string Architecture { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        set_num_threads(1);
        _generator = new Generator(1UL);
        _network = ArchitectureCatalog.Parse(Architecture).Build(_generator);
        byte[] pixels = new byte[Images * 3 * 32 * 32];
        new Random(1).NextBytes(pixels);
        _data = ImageTensors.From(pixels, [.. Enumerable.Range(0, Images).Select(i => i % 2)], 3, 32);
        _images = new ImageTrainingData(
            _data,
            RotationSpace.OfHead(_network.Architecture.OutputCount, allRotations: false)
        );
    }

    [Benchmark(OperationsPerInvoke = Images)]
    public double TrainedImage() =>
        Trainer.Run(_network, _images, new CrossEntropy(), new TrainingOptions(), _generator).MeanLoss;

    [GlobalCleanup]
    public void Cleanup()
    {
        _data.Dispose();
        _network.Dispose();
        _generator.Dispose();
    }
}
