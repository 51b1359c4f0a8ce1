using System.CommandLine;
using System.Globalization;
using Dmkd.Client.Display;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Devices;
using Dmkd.Core.Modules;
using Dmkd.Core.Training;
using Dmkd.Data;
using Spectre.Console;
using static TorchSharp.torch;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd evaluate</c>: how many test images an importable model gets right, before anything is built on it.</summary>
internal sealed class EvaluateCommand : Command
{
    private const int LeastTrainingImages = 2; // the reader wants some; none is used
    private readonly Option<string> _checkpoint = new("--checkpoint") { Description = "Checkpoint: safetensors or PyTorch (.pt, .pth, .th)", Required = true };
    private readonly Option<string> _architecture = new("--architecture") { Description = $"Architecture: {string.Join(", ", ArchitectureCatalog.Names)}", Required = true };
    private readonly Option<string> _data = new("--data") { Description = $"Data set: {string.Join(", ", DatasetSpec.Kinds)}", DefaultValueFactory = _ => DatasetSpec.Kinds[0] };
    private readonly Option<string?> _dataPath = new("--data-path") { Description = "Folder or zip with train/ and test/ class folders, or folder of CIFAR binary files" };
    private readonly Option<int?> _testPerClass = new("--test-per-class") { Description = "Test images per class; all when not given" };
    private readonly Option<int> _imageSize = new("--image-size") { Description = "Height and width that images are brought to, in pixels", DefaultValueFactory = _ => 32 };
    private readonly Option<int> _seed = new("--seed") { Description = "Seed of choosing test images", DefaultValueFactory = _ => 1 };
    private readonly Option<string> _normalize = new("--normalize")
    {
        Description = $"Normalisation the model was trained with: {string.Join(", ", InputNormalisation.All.Select(known => known.Name))}",
        DefaultValueFactory = _ => InputNormalisation.ImageNet.Name,
    };

    private readonly CommonOptions _common = new();

    public EvaluateCommand()
        : base("evaluate", "Count the test images that a checkpoint gets right")
    {
        Option[] all = [_checkpoint, _architecture, _data, _dataPath, _testPerClass, _imageSize, _seed, _normalize];
        foreach (var option in all) Options.Add(option);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var normalisation = Bad.InputUnless(() => InputNormalisation.Find(parsed.GetValue(_normalize)!));
        string path = parsed.GetValue(_checkpoint)!;
        if (!File.Exists(path)) throw new BadInputException($"There is no checkpoint {path}.");
        var dataset = DatasetLoader.Load(SpecOf(parsed), ct: cancellationToken);
        var architecture = Bad.InputUnless(() => ArchitectureCatalog.Named(parsed.GetValue(_architecture)!, dataset.ClassNames.Count, parsed.GetValue(_imageSize)));

        using var device = new DeviceWorker();
        byte[] weights = await device.RunAsync(_ => Import(path, architecture), cancellationToken);
        long[] right = await Task.WhenAll(Enumerable.Range(0, device.LaneCount).Select(part => device.RunAsync(
            job => CountRight(job, architecture, weights, normalisation, dataset.Test, part, device.LaneCount), cancellationToken)));
        long correct = right.Sum(), total = dataset.Test.Count;
        double accuracy = (double)correct / total;
        if (_common.Json(parsed)) JsonOutput.Write(new { Correct = correct, Total = total, Accuracy = accuracy });
        else Consoles.Create(json: false).MarkupLineInterpolated(CultureInfo.InvariantCulture, $"{correct:N0} of {total:N0} test images right: {accuracy:P2}");
        return ExitCode.Success;
    }

    private static byte[] Import(string path, NetworkArchitecture architecture)
    {
        using var checkpoint = CheckpointReader.Read(path);
        using var weights = StateDictMapper.Map(architecture, checkpoint.Tensors);
        return WeightCodec.Encode(weights);
    }

    /// <summary>Counts over every <paramref name="parts"/>-th chunk of the images, so that the lanes share the work.</summary>
    private static long CountRight(
        DeviceJob job, NetworkArchitecture architecture, byte[] content, InputNormalisation normalisation, ImageSet test, int part, int parts)
    {
        const int ChunkSize = 250;
        using var noGrad = no_grad();
        using var generator = new Generator(0UL, CPU);
        var network = architecture.Build(generator);
        using (var weights = WeightCodec.Decode(content)) weights.CopyTo(network);
        network.eval();
        long right = 0;
        foreach (int[] chunk in Enumerable.Range(0, test.Count).Chunk(ChunkSize).Where((_, index) => index % parts == part))
        {
            job.CancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var images = test.Select(chunk);
            using var data = ImageTensors.From(images.Pixels, images.Labels, images.Channels, images.Height);
            var predicted = network.forward(normalisation.Apply(data.Pixels)).argmax(1);
            right += predicted.eq(data.Labels).sum().item<long>();
        }

        return right;
    }

    private DatasetSpec SpecOf(ParseResult parsed) => new()
    {
        Kind = DatasetSpec.Kinds.Contains(parsed.GetValue(_data)!)
            ? parsed.GetValue(_data)!
            : throw new BadInputException($"--data must be one of {string.Join(", ", DatasetSpec.Kinds)}, not '{parsed.GetValue(_data)}'."),
        Path = parsed.GetValue(_dataPath) is { } path ? Path.GetFullPath(path) : null,
        TrainPerClass = LeastTrainingImages,
        TestPerClass = parsed.GetValue(_testPerClass),
        ImageSize = parsed.GetValue(_imageSize),
        Seed = parsed.GetValue(_seed),
    };
}
