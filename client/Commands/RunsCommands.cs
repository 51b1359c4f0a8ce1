using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Libraries;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Nodes;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd runs</c>: the runs of a folder or a cluster.</summary>
internal sealed class RunsCommand : Command
{
    public RunsCommand()
        : base("runs", "List runs, look at one, follow it, stop it, go on with it, remove it")
    {
        Subcommands.Add(new RunsListCommand());
        Subcommands.Add(new RunsShowCommand());
        Subcommands.Add(new RunsWatchCommand());
        Subcommands.Add(new RunsStopCommand());
        Subcommands.Add(new RunsResumeCommand());
        Subcommands.Add(new RunsRemoveCommand());
    }

    /// <summary>The argument of those that take one run.</summary>
    public static Argument<string> IdArgument() => new("id") { Description = "Id of the run" };
}

/// <summary><c>dmkd runs list</c>: one line per run, oldest first.</summary>
internal sealed class RunsListCommand : Command, IWithoutTensors
{
    private readonly CommonOptions _common = new();

    public RunsListCommand()
        : base("list", "List the runs, and the libraries made by preserve, oldest first")
    {
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var look = await _common.LookAsync(parsed, cancellationToken);
        var documents = new List<RunStatusDocument>();
        foreach (var summary in await look.Reader.ListRunsAsync(cancellationToken))
            documents.Add(await LookAsync(look.Reader, summary, cancellationToken));
        if (_common.Json(parsed))
            JsonOutput.Write(documents);
        else if (documents.Count == 0)
            await Console.Out.WriteLineAsync($"There are no runs in {_common.Place(parsed)} yet.");
        else
            Consoles.Create(json: false).Write(RunStatusTables.List(documents));
        return ExitCode.Success;
    }

    private static async Task<RunStatusDocument> LookAsync(
        IStateReader reader,
        RunSummary summary,
        CancellationToken cancellationToken
    )
    {
        var settings = await reader.GetSettingsAsync(summary.RunId, cancellationToken);
        if (settings is null)
            return RunStatusDocument.OfPreservation(summary);
        var run = new FoundRun(reader, summary.RunId, settings, summary.StartedAt);
        return RunStatusDocument.Of(run, await run.ProgressAsync(long.MaxValue, cancellationToken));
    }
}

/// <summary><c>dmkd runs show</c>: where a run is, and the last lines of its feed.</summary>
internal sealed class RunsShowCommand : Command, IWithoutTensors
{
    private const int MaxEvents = 20;
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _id = RunsCommand.IdArgument();

    public RunsShowCommand()
        : base("show", "Show where a run is, and the last lines of its feed")
    {
        Arguments.Add(_id);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var place = await _common.LookAsync(parsed, cancellationToken);
        var run = await _common.FindRunAsync(parsed, place.Reader, parsed.GetValue(_id)!, cancellationToken);
        var look = await run.ProgressAsync(0, cancellationToken);
        var document = RunStatusDocument.Of(run, look, [.. EventLine.Of(look.Events).TakeLast(MaxEvents)]);
        if (_common.Json(parsed))
        {
            JsonOutput.Write(document);
            return ExitCode.Success;
        }

        var console = Consoles.Create(json: false);
        console.Write(RunStatusTables.Show(document));
        console.WriteEvents(document.Events!);
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd runs watch</c>: follows a run to its end, as <c>run</c> does.</summary>
internal sealed class RunsWatchCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _id = RunsCommand.IdArgument();

    public RunsWatchCommand()
        : base("watch", "Follow a run to its end, with its live feed, and print its result")
    {
        Arguments.Add(_id);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var run = await _common.FindRunAsync(parsed, cluster.Reader, parsed.GetValue(_id)!, cancellationToken);
        string state = RunStates.Of(await run.ProgressAsync(long.MaxValue, cancellationToken));
        if (state is RunStates.Stopped or RunStates.Interrupted)
            throw new BadInputException(
                $"Run '{run.RunId}' is {state}: nobody is at work on it. Go on with it by: dmkd runs resume "
                    + $"{run.RunId} {_common.PlaceOptions(parsed)}"
            );
        await new RunFollowing(_common, parsed).ToTheEndAsync(cluster, run, "watching", cancellationToken);
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd runs stop</c>: stops a run durably.</summary>
internal sealed class RunsStopCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _id = RunsCommand.IdArgument();

    public RunsStopCommand()
        : base("stop", "Stop a run where it is; nobody goes on with it until runs resume")
    {
        Arguments.Add(_id);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var run = await _common.FindRunAsync(parsed, cluster.Reader, parsed.GetValue(_id)!, cancellationToken);
        await Retried.DoAsync(() => run.In(cluster).StopAsync(cancellationToken), cancellationToken);
        var document = RunStatusDocument.Of(run, await run.ProgressAsync(long.MaxValue, cancellationToken));
        if (_common.Json(parsed))
            JsonOutput.Write(document);
        else
            await Console.Out.WriteLineAsync(
                document.State == RunStates.Stopped
                    ? $"run {run.RunId} is stopped in phase {document.Phase} of task "
                        + $"{document.Task}/{document.Tasks}; it goes on with: dmkd runs resume {run.RunId} "
                        + $"{_common.PlaceOptions(parsed)}"
                    : $"run {run.RunId} is {document.State}: there is nothing to stop"
            );
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd runs resume</c>: goes on with a run that was stopped, failed or interrupted.</summary>
internal sealed class RunsResumeCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _id = RunsCommand.IdArgument();
    private readonly Option<bool> _detach = RunFollowing.DetachOption();

    public RunsResumeCommand()
        : base("resume", "Go on with a run that was stopped, failed or interrupted, and follow it to its end")
    {
        Arguments.Add(_id);
        Options.Add(_detach);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var following = new RunFollowing(_common, parsed);
        bool detaches = following.Detaches(_detach);
        _common.RequireRuns(parsed);
        using var datasets = new DatasetCache();
        await using var cluster = await _common.StartAsync(parsed, datasets, cancellationToken);
        var run = await _common.FindRunAsync(parsed, cluster.Reader, parsed.GetValue(_id)!, cancellationToken);
        if (!_common.IsCluster(parsed))
            await new RunView(_common.Json(parsed)).ReadDataAsync(datasets, run.Settings);
        await Retried.DoAsync(() => run.In(cluster).ResumeAsync(cancellationToken), cancellationToken);
        if (detaches)
            await following.LeaveAsync(run, cancellationToken);
        else
            await following.ToTheEndAsync(cluster, run, "resuming", cancellationToken);
        return ExitCode.Success;
    }
}
