using Dmkd.Contracts.Runs;

namespace Dmkd.Client.Display;

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
    public static string Of(RunPhase phase, bool isStopped, bool isAtWork) => phase switch
    {
        RunPhase.Completed => Completed,
        RunPhase.Failed => Failed,
        _ => isStopped ? Stopped : isAtWork ? Running : Interrupted,
    };

    /// <summary>The word for a phase.</summary>
    public static string Name(RunPhase phase) => phase.ToString().ToLowerInvariant();
}
