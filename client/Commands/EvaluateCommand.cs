using System.CommandLine;
using System.Globalization;
using Dmkd.Client.Errors;
using Dmkd.Client.Evaluation;
using Dmkd.Client.Files;
using Dmkd.Client.Rendering;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Data;
using Dmkd.Data.Images;
using Dmkd.Grains.Nodes;
using Spectre.Console;

namespace Dmkd.Client.Commands;

/// <summary>
/// <c>dmkd evaluate</c>: how many test images an importable model gets right, before anything is built on it.
/// </summary>
internal sealed class EvaluateCommand : Command
{
    private readonly Option<string> _checkpoint = new("--checkpoint")
    {
        Description = "Checkpoint: safetensors or PyTorch (.pt, .pth, .th)",
        Required = true,
    };
    private readonly Option<string?> _architecture = new("--architecture") { Description = Architectures.Help };
    private readonly Option<bool> _torchScript = new("--torchscript")
    {
        Description = "The file is a TorchScript program; it is run, so it must come from someone you trust",
    };
    private readonly CheckpointOptions _choice = new();
    private readonly DataOptions _data = new(hasDefault: false);
    private readonly Option<int> _seed = OptionReader.Number("--seed", "Seed of choosing test images", 1);
    private readonly NormalisationOption _normalize = new(InputNormalisation.ImageNet.Name);
    private readonly Option<string?> _logits = new("--logits")
    {
        Description = "File to write the test images' logits to, as safetensors",
    };
    private readonly Option<bool> _force = new("--force") { Description = "Replace the file of --logits if it exists" };
    private readonly CommonOptions _common = new();

    public EvaluateCommand()
        : base("evaluate", "Count the test images that a checkpoint gets right")
    {
        Option[] all =
        [
            _checkpoint,
            _architecture,
            _torchScript,
            .. _data.All,
            _seed,
            _normalize.Option,
            _logits,
            _force,
        ];
        foreach (var option in all)
            Options.Add(option);
        _choice.AddTo(this);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var normalisation = _normalize.Read(parsed);
        string path = parsed.GetValue(_checkpoint)!;
        if (!File.Exists(path))
            throw new BadInputException($"There is no checkpoint {path}.");
        RequireOneArchitecture(parsed);
        using var output = parsed.GetValue(_logits) is { } file ? OutputFile.Open(file, parsed.GetValue(_force)) : null;
        var dataset = DatasetLoader.Load(SpecOf(parsed), ct: cancellationToken);
        DataView.WriteNotes(dataset);

        using var device = new DeviceWorker();
        var test = new TestRun(dataset.Test, dataset.ClassNames.Count, normalisation, keepLogits: output is not null);
        var (correct, stated) = await CountRightAsync(parsed, device, test, cancellationToken);
        if (output is not null)
            await device.RunAsync(
                _ => LogitsFile.Write(output, test.Logits!, test.ImageCount, test.ClassCount),
                cancellationToken
            );
        Print(parsed, correct, test.ImageCount);
        if (Chance.ProblemOf(correct, test.ImageCount, test.ClassCount, stated) is { } problem)
            Notice.Warning(problem);
        return ExitCode.Success;
    }

    /// <summary>Images that the network gets right, and what its file says of that.</summary>
    private async Task<(long Right, string? Stated)> CountRightAsync(
        ParseResult parsed,
        DeviceWorker device,
        TestRun test,
        CancellationToken cancellationToken
    )
    {
        string path = parsed.GetValue(_checkpoint)!;
        // A program may take gigabytes, and nothing of it can be shared between lanes: one lane has to do.
        if (parsed.GetValue(_torchScript))
        {
            long known = await test.CountRightAsync(
                device,
                1,
                () => new TestedProgram(path, test.ClassCount),
                cancellationToken
            );
            return (known, null);
        }

        var architecture = Architectures.Read(
            parsed.GetValue(_architecture)!,
            test.ClassCount,
            _data.Read(parsed, 0).ImageSize
        );
        if (architecture.OutputCount != test.ClassCount)
            throw new BadInputException(
                $"{architecture} has {architecture.OutputCount} outputs; the data set has {test.ClassCount} classes."
            );
        var choice = _choice.Read(parsed);
        var weights = await device.RunAsync(_ => ImportedWeights.Read(path, architecture, choice), cancellationToken);
        long right = await test.CountRightAsync(
            device,
            device.LaneCount,
            () => new TestedNetwork(architecture, weights.Content),
            cancellationToken
        );
        return (right, weights.StatedAccuracy);
    }

    private void Print(ParseResult parsed, long correct, int total)
    {
        double accuracy = (double)correct / total;
        if (_common.Json(parsed))
            JsonOutput.Write(
                new
                {
                    Correct = correct,
                    Total = total,
                    Accuracy = accuracy,
                }
            );
        else
            Consoles
                .Create(json: false)
                .MarkupLineInterpolated(
                    CultureInfo.InvariantCulture,
                    $"{correct:N0} of {total:N0} test images right: {accuracy:P2}"
                );
    }

    /// <summary>A checkpoint needs an architecture; a program is one.</summary>
    private void RequireOneArchitecture(ParseResult parsed)
    {
        bool named = parsed.GetValue(_architecture) is not null;
        if (parsed.GetValue(_torchScript) && named)
            throw new BadInputException("--architecture is for checkpoints; a TorchScript program has its own.");
        if (parsed.GetValue(_torchScript))
            _choice.RequireNone(parsed);
        if (!parsed.GetValue(_torchScript) && !named)
            throw new BadInputException(
                "--architecture is required, unless --torchscript says that the file is a program that you trust."
            );
    }

    private DatasetSpec SpecOf(ParseResult parsed) =>
        DatasetCache.SpecOf(_data.Read(parsed, parsed.GetValue(_seed))) with
        {
            NeedsTraining = false,
        };
}
