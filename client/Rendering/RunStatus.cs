using System.Globalization;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Spectre.Console;
using static Dmkd.Client.Rendering.Figures;

namespace Dmkd.Client.Rendering;

/// <summary>A run as <c>runs list|show|stop</c> prints it. Field names are stable.</summary>
internal sealed record RunStatusDocument
{
    public required string RunId { get; init; }

    public required string Library { get; init; }

    /// <summary><c>run</c>, or <c>preserve</c> for a library made by that command.</summary>
    public required string Kind { get; init; }

    public required string Data { get; init; }

    /// <summary>One of <see cref="RunStates"/>.</summary>
    public required string State { get; init; }

    public required string Phase { get; init; }

    /// <summary>The task at hand, from 1.</summary>
    public int? Task { get; init; }

    public int? Tasks { get; init; }

    /// <summary>The round at hand, from 1.</summary>
    public int? Round { get; init; }

    public int? Rounds { get; init; }

    /// <summary>Share of the task's rounds and evaluation that is done.</summary>
    public double? TaskProgress { get; init; }

    public int? Nodes { get; init; }

    public int? Seed { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public string? Error { get; init; }

    /// <summary>What it waits for, such as room on a disk; null when it does not.</summary>
    public string? Waiting { get; init; }

    /// <summary>The last lines of the feed; only for <c>runs show</c>.</summary>
    public IReadOnlyList<EventLine>? Events { get; init; }

    /// <summary>A run and where it is.</summary>
    public static RunStatusDocument Of(FoundRun run, RunProgress look, IReadOnlyList<EventLine>? events = null) =>
        new()
        {
            RunId = run.RunId,
            Library = run.RunId,
            Kind = "run",
            Data = run.Settings.Data.Kind,
            State = RunStates.Of(look),
            Phase = RunStates.Name(look.Phase),
            Task = look.Task + 1,
            Tasks = run.Settings.Tasks,
            Round = Math.Min(look.Round + 1, run.Settings.Training.Rounds),
            Rounds = run.Settings.Training.Rounds,
            TaskProgress = look.TaskProgress,
            Nodes = run.Settings.Participation.Nodes,
            Seed = run.Settings.Seed,
            StartedAt = run.StartedAt,
            Error = look.Error,
            Waiting = look.Waiting,
            Events = events,
        };

    /// <summary>A library made by <c>preserve</c>, which has no rounds.</summary>
    public static RunStatusDocument OfPreservation(RunSummary summary) =>
        new()
        {
            RunId = summary.RunId,
            Library = summary.Library,
            Kind = "preserve",
            Data = summary.Data.Kind,
            State = RunStates.Of(summary.Phase, isStopped: false, isAtWork: false),
            Phase = RunStates.Name(summary.Phase),
            StartedAt = summary.StartedAt,
        };
}

/// <summary>A node that a party offers, as <c>nodes offered</c> prints it.</summary>
internal sealed record OfferedNodeDocument(
    string Node,
    bool IsHere,
    string? Device,
    IReadOnlyDictionary<string, int> TrainCounts,
    IReadOnlyDictionary<string, int> TestCounts
)
{
    public static OfferedNodeDocument Of(OfferedNode node)
    {
        var offer = node.Offer;
        return new OfferedNodeDocument(
            offer.Name,
            node.IsHere,
            offer.Device,
            CountsOf(offer.Classes, offer.TrainCounts),
            CountsOf(offer.Classes, offer.TestCounts)
        );
    }

    private static Dictionary<string, int> CountsOf(string[] classes, int[] counts) =>
        classes.Zip(counts).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
}

/// <summary>The tables of runs and their nodes.</summary>
internal static class RunStatusTables
{
    /// <summary>One row per node that is offered.</summary>
    public static Table Offered(IEnumerable<OfferedNodeDocument> nodes)
    {
        var table = new Table().AddColumns("node", "", "device", "classes (training examples)", "held out");
        table.Columns[0].NoWrap(); // names are copied
        foreach (var node in nodes)
            table.AddRow(
                Markup.Escape(node.Node),
                node.IsHere ? "here" : "away",
                node.Device ?? "",
                Markup.Escape(string.Join(", ", node.TrainCounts.Select(pair => $"{pair.Key} ({pair.Value})"))),
                Count(node.TestCounts.Values.Sum())
            );
        return table;
    }

    /// <summary>One row per run.</summary>
    public static Table List(IEnumerable<RunStatusDocument> runs)
    {
        var table = new Table().AddColumns("run", "data", "state", "task", "round", "began");
        table.Columns[0].NoWrap(); // ids are copied
        foreach (var run in runs)
            table.AddRow(
                Markup.Escape(run.RunId),
                Markup.Escape(run.Data),
                run.State == run.Phase ? run.State : $"{run.State}, {run.Phase}",
                Of(run.Task, run.Tasks),
                Of(run.Round, run.Rounds),
                Time(run.StartedAt)
            );
        return table;
    }

    /// <summary>One row per fact about a run.</summary>
    public static Table Show(RunStatusDocument run)
    {
        var table = new Table().HideHeaders().AddColumns("", "").Title(Markup.Escape(run.RunId));
        table.AddRow("state", run.State).AddRow("phase", run.Phase);
        table
            .AddRow("task", Of(run.Task, run.Tasks))
            .AddRow("round", Of(run.Round, run.Rounds))
            .AddRow("of the task", Percent(run.TaskProgress ?? 0, 0));
        table
            .AddRow("data", Markup.Escape(run.Data))
            .AddRow("nodes", Count(run.Nodes ?? 0))
            .AddRow("began", Time(run.StartedAt));
        if (run.Error is { } error)
            table.AddRow("error", Markup.Escape(error));
        if (run.Waiting is { } waiting)
            table.AddRow("waits", Markup.Escape(waiting));
        return table;
    }

    /// <summary>One row per node.</summary>
    public static Table Nodes(IEnumerable<RunNodeDocument> nodes)
    {
        var table = new Table().AddColumns("node", "state", "silo", "device", "last merge", "missed", "problem");
        foreach (var node in nodes)
        {
            string state =
                node.State == RunNodeDocument.NameOf(RunNodeState.Working)
                    ? $"{node.State} {Percent(node.Progress, 0)}"
                    : node.State;
            table.AddRow(
                node.Node,
                state,
                node.Silo ?? "-",
                node.Device ?? "-",
                node.LastTask is null ? "-" : $"task {node.LastTask}, round {node.LastRound}",
                Count(node.Missed),
                Markup.Escape(node.Problem ?? "")
            );
        }

        return table;
    }

    private static string Of(int? number, int? of) =>
        number is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{number}/{of}");

    private static string Time(DateTimeOffset? at) =>
        at?.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "-";
}

/// <summary>Words for what a run is at. Stable: <c>--json</c> prints them.</summary>
internal static class RunStates
{
    public const string Running = "running";
    public const string Stopped = "stopped";
    public const string Interrupted = "interrupted";
    public const string Completed = "completed";
    public const string Failed = "failed";

    /// <summary>The word for a run.</summary>
    public static string Of(RunProgress look) => Of(look.Phase, look.IsStopped, look.IsAtWork);

    /// <summary>The word for a run in a phase.</summary>
    /// <param name="phase">The phase.</param>
    /// <param name="isStopped">Whether it was stopped.</param>
    /// <param name="isAtWork">Whether a silo is at work on it.</param>
    public static string Of(RunPhase phase, bool isStopped, bool isAtWork) =>
        phase switch
        {
            RunPhase.Completed => Completed,
            RunPhase.Failed => Failed,
            _ when isStopped => Stopped,
            _ => isAtWork ? Running : Interrupted,
        };

    /// <summary>The word for a phase.</summary>
    public static string Name(RunPhase phase) => phase.ToString().ToLowerInvariant();
}

/// <summary>A node as <c>nodes list</c> prints it. Field names are stable.</summary>
internal sealed record RunNodeDocument
{
    /// <summary>Its name within the run, such as <c>node-1</c>.</summary>
    public required string Node { get; init; }

    public required string State { get; init; }

    public required string? Silo { get; init; }

    public required string? Device { get; init; }

    public required double Progress { get; init; }

    /// <summary>Task of the last merge that its update came to, from 1.</summary>
    public required int? LastTask { get; init; }

    /// <summary>Round of that merge, from 1.</summary>
    public required int? LastRound { get; init; }

    public required int Missed { get; init; }

    public required string? Problem { get; init; }

    /// <summary>The document of a node.</summary>
    public static RunNodeDocument Of(RunNode node) =>
        new()
        {
            Node = $"node-{node.Index + 1}",
            State = NameOf(node.State),
            Silo = node.Silo,
            Device = node.Device,
            Progress = node.Progress,
            LastTask = node.LastTask + 1,
            LastRound = node.LastRound + 1,
            Missed = node.Missed,
            Problem = node.Problem,
        };

    /// <summary>The word for a state. Stable.</summary>
    public static string NameOf(RunNodeState state) => state.ToString().ToLowerInvariant();
}
