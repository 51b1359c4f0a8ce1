using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Settings;
using Dmkd.Experiments.Plans;
using Dmkd.Grains.Runs;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd library</c>: libraries that parties grow, and whole libraries as folders.</summary>
internal sealed class LibraryCommand : Command
{
    public LibraryCommand()
        : base("library", "Create a library that learns on, look at libraries, write one as a folder or take one in")
    {
        Subcommands.Add(new LibraryCreateCommand());
        Subcommands.Add(new LibraryListCommand());
        Subcommands.Add(new LibraryShowCommand());
        Subcommands.Add(new LibraryExportCommand());
        Subcommands.Add(new LibraryImportCommand());
    }

    /// <summary>The argument of those that take one library.</summary>
    public static Argument<string> NameArgument() => new("name") { Description = "Name of the library" };
}

/// <summary><c>dmkd library create</c>: a library that knows nothing yet.</summary>
internal sealed class LibraryCreateCommand : Command
{
    /// <summary>Settings of a run that only an experiment has: its one data set, and how it is cut.</summary>
    private static readonly string[] OfExperiments =
    [
        "data",
        "data-path",
        "train-per-class",
        "test-per-class",
        "holdout",
        "class-order",
        "class-order-seed",
        "tasks",
        "task-sizes",
        "nodes",
        "dirichlet",
        "holders",
        "alpha",
        "device",
        "top",
    ];

    private readonly CommonOptions _common = new();
    private readonly Argument<string> _name = LibraryCommand.NameArgument();
    private readonly SettingOptions<RunSettings> _options = new(RunSettingsRules.Binder, IsOfLibraries);
    private readonly Option<int> _least = OptionReader.Number(
        "--min-class-count",
        "Examples of a class that a node must have before anything made of them leaves it",
        new LibraryPlan().MinClassCount
    );

    public LibraryCreateCommand()
        : base("create", "Create a library that parties grow together, lesson by lesson (dmkd learn)")
    {
        Arguments.Add(_name);
        foreach (var option in _options.All)
            Options.Add(option);
        Options.Add(_least);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private static bool IsOfLibraries(Setting setting) =>
        !OfExperiments.Contains(setting.Name) && !setting.Name.StartsWith("legacy", StringComparison.Ordinal);

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string name = parsed.GetValue(_name)!;
        NewName.Require("name", name);
        var settings = Read(parsed);
        await using var cluster = await _common.StartAsync(parsed, datasets: null, cancellationToken);
        if (await Libraries.IsTakenAsync(cluster.Reader, name, cancellationToken))
            throw new BadInputException($"There is a library '{name}' already; choose another name.");
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>(name);
        string next = $"dmkd learn {name} --classes a,b {_common.PlaceOptions(parsed)}";
        await Retried.BeginAsync(
            () => run.StartAsync(settings, cancellationToken),
            $"library list {_common.PlaceOptions(parsed)}",
            cancellationToken
        );
        await JsonOutput.AnswerAsync(
            _common.Json(parsed),
            new { Library = name, Settings = settings },
            $"Library {name} is there, and knows nothing yet. Teach it: {next}"
        );
        return ExitCode.Success;
    }

    private RunSettings Read(ParseResult parsed)
    {
        var read = _options.Read(parsed, RunSettingsRules.Binder.Defaults);
        read = read with
        {
            Tasks = 1,
            Legacy = read.Legacy with { Tasks = 0 },
            Participation = read.Participation with { Nodes = 1 },
            Library = new LibraryPlan { MinClassCount = OptionReader.AtLeast(parsed, _least, 1) },
        };
        var settings = DmkdParameters.Complete(read, name => IsGiven(parsed, name));
        settings = settings with { Data = settings.Data with { Kind = "images", Seed = settings.Seed } };
        return RunSettingsRules.ProblemsOf(settings, "--") is [var problem, ..]
            ? throw new BadInputException(problem)
            : settings;
    }

    private bool IsGiven(ParseResult parsed, string name) =>
        _options.All.Any(option => option.Name == $"--{name}") && _options.IsGiven(parsed, name);
}

/// <summary><c>dmkd library list</c>: one line per library.</summary>
internal sealed class LibraryListCommand : Command, IWithoutTensors
{
    private readonly CommonOptions _common = new();

    public LibraryListCommand()
        : base("list", "List the libraries that parties grow")
    {
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var look = await _common.LookAsync(parsed, cancellationToken);
        var documents = new List<LibraryStatus>();
        foreach (var summary in await look.Reader.ListRunsAsync(cancellationToken))
        {
            var settings = await look.Reader.GetSettingsAsync(summary.RunId, cancellationToken);
            if (settings?.Library is not null)
                documents.Add(await LibraryStatus.OfAsync(look.Reader, summary.RunId, settings, cancellationToken));
        }

        if (_common.Json(parsed))
            JsonOutput.Write(documents);
        else if (documents.Count == 0)
            await Console.Out.WriteLineAsync($"There are no libraries that learn on in {_common.Place(parsed)} yet.");
        else
            Consoles.Create(json: false).Write(LibraryTables.List(documents));
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd library show</c>: what a library knows, from whom, and how well.</summary>
internal sealed class LibraryShowCommand : Command, IWithoutTensors
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _name = LibraryCommand.NameArgument();

    public LibraryShowCommand()
        : base("show", "Show a library's experts with their classes and nodes, and each node's accuracy")
    {
        Arguments.Add(_name);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var look = await _common.LookAsync(parsed, cancellationToken);
        string name = parsed.GetValue(_name)!;
        var settings = await look.Reader.GetSettingsAsync(name, cancellationToken);
        if (settings?.Library is null)
            throw new BadInputException(
                $"There is no library '{name}' that learns on in {_common.Place(parsed)}; dmkd library list shows them."
            );
        var status = await LibraryStatus.OfAsync(look.Reader, name, settings, cancellationToken);
        if (_common.Json(parsed))
            JsonOutput.Write(status);
        else
            LibraryTables.Show(Consoles.Create(json: false), status);
        return ExitCode.Success;
    }
}
