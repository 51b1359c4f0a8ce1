using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Evaluation;
using Dmkd.Client.Files;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Data.Images;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Preservation;
using TorchSharp;

namespace Dmkd.Client.Commands;

/// <summary>
/// <c>dmkd preserve</c>: from a deprecated model to a library of experts that remember what it knew (proposal 3.2).
/// </summary>
internal sealed class PreserveCommand : Command
{
    private const int MaxAsked = 64;
    private readonly Option<string?> _checkpoint = new("--checkpoint")
    {
        Description = "The deprecated model: safetensors or PyTorch (.pt, .pth, .th)",
    };
    private readonly Option<bool> _torchScript = new("--torchscript")
    {
        Description = "The file is a TorchScript program; it is run, so it must come from someone you trust",
    };
    private readonly CheckpointOptions _choice = new();
    private readonly PreserveOptions _options = new();
    private readonly Option<string?> _library = new("--library")
    {
        Description = "Name of the new library; made from the time when not given",
    };
    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Library to go on with; its own settings count",
    };
    private readonly Option<string?> _plot = new("--plot") { Description = "PNG file to draw the partition in" };
    private readonly Option<bool> _force = new("--force") { Description = "Replace the file of --plot if it exists" };
    private readonly CommonOptions _common = new();

    public PreserveCommand()
        : base("preserve", "Turn a deprecated network into a library of experts")
    {
        Options.Add(_checkpoint);
        Options.Add(_torchScript);
        _choice.AddTo(this);
        _options.AddTo(this);
        foreach (Option option in (Option[])[_library, _resume, _plot, _force])
            Options.Add(option);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        bool json = _common.Json(parsed);
        var place = _common.StorageOf(parsed);
        using var plot = parsed.GetValue(_plot) is { } file ? OutputFile.Open(file, parsed.GetValue(_force)) : null;
        var view = new PreserveView(json);
        using var datasets = new DatasetCache();
        string? resumed = parsed.GetValue(_resume);
        string library = resumed ?? NewName.Checked(_library, parsed) ?? NewName.Of("library");
        var (request, legacy) = resumed is null ? await ReadAsync(parsed, view, datasets, cancellationToken) : default;
        if (resumed is not null)
            _common.RequireRuns(parsed);

        await using var silo = await _common.StartAsync(parsed, datasets, cancellationToken);
        var preservation = silo.Grains.GetGrain<IPreservationGrain>(library);
        if (resumed is null)
        {
            // The second question counts when a crash came between the first write of a library and its announcement.
            if (
                await Libraries.IsTakenAsync(silo.Reader, library, cancellationToken)
                || await RequestOfAsync(preservation, cancellationToken) is not null
            )
                throw new BadInputException(
                    $"Library '{library}' exists. Choose another --library, or go on with a stopped one by --resume {library}."
                );
            await silo.Weights.PutAsync(legacy!, cancellationToken); // before the state that names it
        }
        else
        {
            request =
                await RequestOfAsync(preservation, cancellationToken)
                ?? throw new BadInputException($"There is no library '{library}' made by preserve in {place.Name}.");
            var moved = DataOptions.Moved(request.Settings.Data, _options.PathOf(parsed), $"library '{library}'");
            var dataset = await view.ReadDataAsync(datasets, moved ?? request.Settings.Data);
            RequireSame(parsed, request, library, dataset.ClassNames);
            if (moved is not null)
                await preservation.MoveDataAsync(moved.Path!, cancellationToken);
        }

        string goOn = $"preserve --resume {library} {_common.PlaceOptions(parsed)}";
        await Retried.BeginAsync(
            () =>
                resumed is null
                    ? preservation.StartAsync(request!, cancellationToken)
                    : preservation.ResumeAsync(cancellationToken),
            goOn,
            cancellationToken
        );
        view.Begin(library, request!, place, isResumed: resumed is not null);
        try
        {
            var report = await view.FollowAsync(preservation, cancellationToken);
            view.End(report);
            if (plot is not null)
                view.Draw(report, plot);
            if (json)
                JsonOutput.Write(PreservationDocument.Of(report));
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw RunStoppedException.Of("work", goOn, _common.IsCluster(parsed));
        }
    }

    private static Task<PreservationRequest?> RequestOfAsync(
        IPreservationGrain preservation,
        CancellationToken cancellationToken
    ) => Retried.AskAsync(() => preservation.GetRequestAsync(cancellationToken), cancellationToken);

    /// <summary>Refuses options that say something else than what a library was started with.</summary>
    /// <exception cref="BadInputException">Names the option and both values.</exception>
    private void RequireSame(
        ParseResult parsed,
        PreservationRequest request,
        string library,
        IReadOnlyList<string> classNames
    )
    {
        string what = $"library '{library}'";
        if (parsed.GetValue(_library) is { } other && other != library)
            throw new BadInputException(
                $"{_library.Name} is for a new library; --resume goes on with '{library}'. Leave it out."
            );
        if (parsed.GetValue(_checkpoint) is { } path && Path.GetFileName(path) != request.SourceName)
            throw new BadInputException(
                $"{_checkpoint.Name} names {Path.GetFileName(path)}, but {what} was started with {request.SourceName}, "
                    + "which holds. Leave it out, or start anew."
            );
        if (parsed.GetValue(_torchScript) && !request.IsTorchScript)
            throw new BadInputException($"{_torchScript.Name}: {what} was not started with a program. Leave it out.");
        _options.RequireSame(parsed, request.Settings, classNames, what);
    }

    /// <summary>Reads everything that may be refused, before anything is stored.</summary>
    private async Task<(PreservationRequest Request, byte[] Legacy)> ReadAsync(
        ParseResult parsed,
        PreserveView view,
        DatasetCache datasets,
        CancellationToken cancellationToken
    )
    {
        string path =
            parsed.GetValue(_checkpoint)
            ?? throw new BadInputException("--checkpoint is required, unless --resume names a library to go on with.");
        if (!File.Exists(path))
            throw new BadInputException($"There is no checkpoint {path}.");
        var source = _options.ReadData(parsed);
        var dataset = await view.ReadDataAsync(datasets, source);
        var settings = _options.Read(parsed, source, dataset.ClassNames);
        PreservationRules.Check(settings, dataset);
        bool isTorchScript = parsed.GetValue(_torchScript);
        var choice = _choice.Read(parsed);
        if (isTorchScript)
            _choice.RequireNone(parsed, "a TorchScript program");
        ImportedWeights legacy;
        using (var device = new DeviceWorker(lanes: 1))
        {
            legacy = await device.RunAsync(
                _ =>
                    isTorchScript
                        ? new ImportedWeights(ReadProgram(path, dataset, settings), null)
                        : ImportedWeights.Read(path, ArchitectureCatalog.Parse(settings.Architecture), choice),
                cancellationToken
            );
        }

        view.Stated = legacy.StatedAccuracy;
        return (
            new PreservationRequest
            {
                Settings = settings with { Data = source with { Contents = DatasetCache.ContentsOf(dataset) } },
                LegacyDigest = WeightDigest.Of(legacy.Content),
                IsTorchScript = isTorchScript,
                SourceName = Path.GetFileName(path),
            },
            legacy.Content
        );
    }

    /// <summary>
    /// Asks the program about some images, so that a wrong one is refused before anything is stored.
    /// </summary>
    private static byte[] ReadProgram(string path, ImageDataset dataset, PreservationSettings settings)
    {
        using var program = new TestedProgram(path, dataset.ClassNames.Count);
        int asked = Math.Min(MaxAsked, dataset.Train.Count);
        using var inputs = ImageTensors.Encode(dataset.Train.Select([.. Enumerable.Range(0, asked)]));
        using var noGrad = torch.no_grad();
        using var images = InputNormalisation.Find(settings.Normalisation).Apply(inputs);
        using var logits = program.Logits(images);
        if (FiniteValues.RowsWithout(logits) is > 0 and var without)
            throw new NoFiniteAnswerException(without, asked, "the program");
        return File.ReadAllBytes(path);
    }
}

/// <summary>
/// The options that decide what experts come out of a legacy model: the settings of <c>preserve</c>, the architecture
/// and the classes.
/// </summary>
internal sealed class PreserveOptions
{
    private readonly SettingOptions<PreservationSettings> _options = new(PreservationRules.Binder);
    private readonly Option<string?> _architecture = new("--architecture")
    {
        Description = $"{Architectures.Help}; with --torchscript that of the surrogate and the experts",
    };
    private readonly Option<string?> _classes = new("--classes-per-expert")
    {
        Description =
            "Classes of each expert by name or number, such as \"cat,dog;car,ship\", or how many each "
            + "gets, such as 5; chosen by --grouping when not given",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_architecture);
        foreach (var option in _options.All)
            command.Options.Add(option);
        command.Options.Add(_classes);
    }

    /// <summary>The data set that the options name.</summary>
    /// <exception cref="BadInputException">An option is out of its limits.</exception>
    public DataSource ReadData(ParseResult parsed)
    {
        var settings = _options.Read(parsed, PreservationRules.Binder.Defaults);
        string? kind = _options.IsGiven(parsed, "data") ? settings.Data.Kind : null;
        return DataOptions.Placed(settings.Data, settings.Seed, kind, hasDefault: false);
    }

    /// <summary>The folder or file that the user named; null when none was.</summary>
    public string? PathOf(ParseResult parsed) =>
        _options.IsGiven(parsed, "data-path") ? parsed.GetValue((Option<string?>)_options["data-path"]) : null;

    /// <summary>Refuses options that say something else than a library's settings.</summary>
    /// <exception cref="BadInputException">Names the option and both values.</exception>
    public void RequireSame(
        ParseResult parsed,
        PreservationSettings stored,
        IReadOnlyList<string> classNames,
        string what
    )
    {
        var asked = _options.ReadGiven(parsed, stored);
        asked = asked with { Data = asked.Data with { ClassOrder = DataOptions.OrderOf(asked.Data.ClassOrder) } };
        _options.RequireSame(parsed, asked, stored, what, "data-path");
        if (
            parsed.GetValue(_architecture) is { } architecture
            && Architectures.Read(architecture, classNames.Count, stored.Data.ImageSize).ToString()
                != stored.Architecture
        )
            throw new BadInputException(
                $"--architecture asks for {architecture}, but {what} was started with {stored.Architecture}, "
                    + "which holds. Leave it out, or start anew."
            );
        if (parsed.GetValue(_classes) is not { } classes)
            return;
        int[][] groups = ClassGroups.Read(classes, classNames, stored.Experts);
        bool isSame =
            stored.ClassGroups is { } known
            && known.Length == groups.Length
            && known.Zip(groups).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
        if (!isSame)
            throw new BadInputException(
                $"{_classes.Name} asks for other groups than {what} was started with, which hold. "
                    + "Leave it out, or start anew."
            );
    }

    /// <summary>Reads and checks the options.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="data">The data set that they name.</param>
    /// <param name="classNames">Its classes.</param>
    /// <exception cref="BadInputException">Names the option, its limit and the value.</exception>
    public PreservationSettings Read(ParseResult parsed, DataSource data, IReadOnlyList<string> classNames)
    {
        string architecture =
            parsed.GetValue(_architecture) ?? throw new BadInputException("--architecture is required.");
        var read = _options.Read(parsed, PreservationRules.Binder.Defaults);
        var settings = read with
        {
            Data = data,
            Architecture = Architectures.Read(architecture, classNames.Count, data.ImageSize).ToString()!,
            ClassGroups = parsed.GetValue(_classes) is { } text
                ? ClassGroups.Read(text, classNames, read.Experts)
                : null,
        };
        return Bad.InputUnless(
            () =>
            {
                PreservationRules.Check(settings);
                return settings;
            },
            (nameof(settings.ExpertSize), _options["expert-size"]),
            (nameof(settings.GateSize), _options["gate-size"]),
            (nameof(settings.MinimumWidth), _options["min-width"])
        );
    }
}
