using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Library;
using Dmkd.Contracts.Runs;

namespace Dmkd.Client.Display;

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

    /// <summary>The last lines of the feed; only for <c>runs show</c>.</summary>
    public IReadOnlyList<EventLine>? Events { get; init; }

    /// <summary>A run and where it is.</summary>
    public static RunStatusDocument Of(FoundRun run, RunProgress look, IReadOnlyList<EventLine>? events = null) => new()
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
        Events = events,
    };

    /// <summary>A library made by <c>preserve</c>, which has no rounds.</summary>
    public static RunStatusDocument OfPreservation(RunSummary summary) => new()
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
