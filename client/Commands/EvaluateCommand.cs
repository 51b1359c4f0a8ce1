using System.CommandLine;
using System.Globalization;
using Dmkd.Client.Errors;
using Dmkd.Client.Evaluation;
using Dmkd.Client.Files;
using Dmkd.Client.Rendering;
using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Data;
using Dmkd.Data.Images;
using Dmkd.Grains.Nodes;
using Dmkd.Serving;
using Spectre.Console;

namespace Dmkd.Client.Commands;

/// <summary>
/// <c>dmkd evaluate</c>: how many test images a library gets right, or an importable model before anything is built on
/// it; and which classes it takes for which.
/// </summary>
internal sealed class EvaluateCommand : Command
{
    private readonly Option<string?> _checkpoint = new("--checkpoint")
    {
        Description =
            "Checkpoint: safetensors or PyTorch (.pt, .pth, .th), or an exported module; when not given, a library is "
            + "asked",
    };
    private readonly Option<string?> _library = new("--library") { Description = "Library; the newest when not given" };
    private readonly Option<string?> _archive = new("--archive")
    {
        Description = "Folder of an exported library, which answers without a silo",
    };
    private readonly Option<string?> _module = new("--module")
    {
        Description = "One module of the library by itself, such as expert-1, among the classes it knows",
    };
    private readonly RoutingOptions _routing = new();
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
        : base("evaluate", "Count the test images that a library, a module or a checkpoint gets right, class by class")
    {
        Option[] all =
        [
            _library,
            _archive,
            _module,
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
        _routing.AddTo(this);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_checkpoint) is not { } path)
            return await LibraryAsync(parsed, cancellationToken);
        _ = _normalize.Read(parsed); // what is said is checked before files are opened
        if (!File.Exists(path))
            throw new BadInputException($"There is no checkpoint {path}.");
        RequireNone(parsed, "is for a library, not for a checkpoint", _library, _archive, _module);
        string? architecture = parsed.GetValue(_architecture);
        if (architecture is null && !parsed.GetValue(_torchScript))
        {
            using var device = new DeviceWorker(lanes: 1);
            var texts = await device.RunAsync(_ => Lineage.In(path), cancellationToken);
            if (texts is not null)
            {
                var module = await device.RunAsync(_ => ExportedModule.Read(path, texts), cancellationToken);
                if (module is not null)
                    return await ExportedAsync(parsed, module, cancellationToken);
                architecture = texts[Lineage.Architecture];
            }
        }

        RequireOneArchitecture(parsed, architecture);
        return await CheckpointAsync(parsed, architecture, cancellationToken);
    }

    private async Task<int> CheckpointAsync(
        ParseResult parsed,
        string? architecture,
        CancellationToken cancellationToken
    )
    {
        var normalisation = _normalize.Read(parsed);
        using var output = parsed.GetValue(_logits) is { } file ? OutputFile.Open(file, parsed.GetValue(_force)) : null;
        var dataset = DatasetLoader.Load(SpecOf(parsed), ct: cancellationToken);
        DataView.WriteNotes(dataset);

        using var device = new DeviceWorker();
        var test = new TestRun(dataset.Test, dataset.ClassNames.Count, normalisation, keepLogits: output is not null);
        var (answers, stated) = await AnswersAsync(parsed, architecture, device, test, cancellationToken);
        if (output is not null)
            await device.RunAsync(
                _ => LogitsFile.Write(output, test.Logits!, test.ImageCount, test.ClassCount),
                cancellationToken
            );
        Print(parsed, EvaluationDocument.Of(dataset, answers), stated);
        return ExitCode.Success;
    }

    private async Task<int> LibraryAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        RequireNone(
            parsed,
            "is for a checkpoint: name it by --checkpoint",
            _architecture,
            _torchScript,
            _logits,
            _force,
            _normalize.Option
        );
        _choice.RequireNone(parsed, "a library");
        _routing.Check(parsed);
        _ = SpecOf(parsed);
        _common.RequireConvolutions(parsed);
        if (parsed.GetValue(_module) is not null)
        {
            var named = new LibraryOptions(_library, _archive, _module);
            await using var module = await LocalLibrary.OfModuleAsync(_common, parsed, named, cancellationToken);
            return await AskAsync(parsed, module, _routing.ReadAlone(parsed, module.Manifest), cancellationToken);
        }

        await using var library = await OpenLibrary.OpenAsync(_common, parsed, _library, _archive, cancellationToken);
        return await AskAsync(parsed, library, _routing.Read(parsed, library.Manifest), cancellationToken);
    }

    private async Task<int> ExportedAsync(
        ParseResult parsed,
        ExportedModule exported,
        CancellationToken cancellationToken
    )
    {
        const string own = "is for checkpoints: an exported module says itself what it takes";
        RequireNone(parsed, own, _logits, _force, _normalize.Option);
        _choice.RequireNone(parsed, "an exported module");
        _routing.Check(parsed);
        _common.RequireConvolutions(parsed);
        await using var module = new LocalLibrary(exported);
        return await AskAsync(parsed, module, _routing.ReadAlone(parsed, module.Manifest), cancellationToken);
    }

    private async Task<int> AskAsync(
        ParseResult parsed,
        OpenLibrary library,
        RoutingPlan plan,
        CancellationToken cancellationToken
    )
    {
        bool isModule = library is LocalLibrary { IsModule: true };
        var spec = SpecOf(parsed);
        int size = Bad.InputUnless(() => library.Manifest.Input).Shape[^1];
        var dataset = DatasetLoader.Load(spec with { ImageSize = size }, ct: cancellationToken);
        DataView.WriteNotes(dataset);
        var test = new LibraryTest(library, dataset);
        if (test.Unknown.Count > 0 && !isModule)
            Notice.Warning(
                $"{library.Title} does not know {Figures.First(3, test.Unknown)}: none of their images can be told "
                    + "right"
            );
        if (isModule)
            test = test.OfKnownClasses();
        int leftOut = dataset.Test.Count - test.Dataset.Test.Count;
        if (leftOut > 0)
            Notice.All([$"{leftOut} test images of classes that {library.Title} does not know are left out"]);
        int[] answers = await Bars.RunAsync(
            Consoles.Create(_common.Json(parsed)),
            bars =>
            {
                var bar = bars.Add(library.Title);
                return test.AnswersAsync(plan, bar.Set, cancellationToken);
            }
        );
        foreach (string replacement in test.Replacements)
            Notice.Warning(OneLine.Escaped(replacement));
        var document = EvaluationDocument.Of(test.Dataset, answers);
        if (isModule)
            document = document with { Module = library.Manifest.Members[0].Name, LeftOut = leftOut };
        Print(parsed, document, stated: null);
        return ExitCode.Success;
    }

    /// <summary>What the network answers to each image, and what its file says of its accuracy.</summary>
    private async Task<(int[] Answers, string? Stated)> AnswersAsync(
        ParseResult parsed,
        string? named,
        DeviceWorker device,
        TestRun test,
        CancellationToken cancellationToken
    )
    {
        string path = parsed.GetValue(_checkpoint)!;
        // A program may take gigabytes, and nothing of it can be shared between lanes: one lane has to do.
        if (parsed.GetValue(_torchScript))
        {
            int[] known = await test.AnswersAsync(
                device,
                1,
                () => new TestedProgram(path, test.ClassCount),
                cancellationToken
            );
            return (known, null);
        }

        var architecture = Architectures.Read(named!, test.ClassCount, _data.Read(parsed, 0).ImageSize);
        if (architecture.OutputCount != test.ClassCount)
            throw new BadInputException(
                $"{architecture} has {architecture.OutputCount} outputs; the data set has {test.ClassCount} classes."
            );
        var choice = _choice.Read(parsed);
        var weights = await device.RunAsync(_ => ImportedWeights.Read(path, architecture, choice), cancellationToken);
        int[] answers = await test.AnswersAsync(
            device,
            device.LaneCount,
            () => new TestedNetwork(architecture, weights.Content),
            cancellationToken
        );
        return (answers, weights.StatedAccuracy);
    }

    private void Print(ParseResult parsed, EvaluationDocument result, string? stated)
    {
        if (_common.Json(parsed))
        {
            JsonOutput.Write(result);
        }
        else
        {
            var console = Consoles.Create(json: false);
            console.MarkupLineInterpolated(
                CultureInfo.InvariantCulture,
                $"{result.Correct:N0} of {result.Total:N0} test images right: {result.Accuracy:P2}, macro-F1 {result.MacroF1:F3}"
            );
            console.Write(EvaluationTables.Classes(result));
            if (EvaluationTables.Confusion(result) is { } confusion)
                console.Write(confusion);
        }

        if (Chance.ProblemOf(result.Correct, result.Total, result.Classes.Length, stated) is { } problem)
            Notice.Warning(problem);
    }

    private static void RequireNone(ParseResult parsed, string why, params IEnumerable<Option> options)
    {
        foreach (var option in options)
        {
            if (parsed.GetResult(option) is { Implicit: false })
                throw new BadInputException($"{option.Name} {why}.");
        }
    }

    /// <summary>A checkpoint needs an architecture; a program is one.</summary>
    private void RequireOneArchitecture(ParseResult parsed, string? architecture)
    {
        bool named = architecture is not null;
        if (parsed.GetValue(_torchScript) && named)
            throw new BadInputException("--architecture is for checkpoints; a TorchScript program has its own.");
        if (parsed.GetValue(_torchScript))
            _choice.RequireNone(parsed, "a TorchScript program");
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
