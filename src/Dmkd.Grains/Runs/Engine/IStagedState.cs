using Dmkd.Contracts.Runs;

namespace Dmkd.Grains.Runs.Engine;

/// <summary>What everything that runs through stages persists.</summary>
internal interface IStagedState<TPhase>
    where TPhase : struct, Enum
{
    /// <summary>The cursor; the enum's first value before the start.</summary>
    TPhase Phase { get; set; }

    /// <summary>The phase in which it failed: where a resumption goes on.</summary>
    TPhase FailedIn { get; set; }

    /// <summary>Why it failed.</summary>
    string? Error { get; set; }

    /// <summary>Time at work.</summary>
    double WallSeconds { get; set; }

    /// <summary>The last events, oldest first.</summary>
    List<RunEvent> Events { get; set; }
}

/// <summary>Owner of what runs through stages: a grain.</summary>
internal interface IStageHost<TPhase>
    where TPhase : struct, Enum
{
    /// <summary>Name for logs and metrics.</summary>
    string Name { get; }

    /// <summary>The phase after the last stage.</summary>
    TPhase Completed { get; }

    /// <summary>The phase of a failure.</summary>
    TPhase Failed { get; }

    /// <summary>Begins an activation's work: keeps it awake, and begins its span.</summary>
    IDisposable? Begin();

    /// <summary>Loads what the stages need, and lists them.</summary>
    Task<StageList<TPhase>> OpenAsync();

    /// <summary>A stage failed; nothing of it goes on.</summary>
    /// <returns>The error to store.</returns>
    string ErrorOf(TPhase phase, string reason);

    /// <summary>Tells the directory where it is.</summary>
    Task AnnounceAsync();

    /// <summary>Ends this activation.</summary>
    void Deactivate();
}

/// <summary>How many events of a run, or a preservation, are kept: state does not grow without end.</summary>
/// <param name="Max">At least 1.</param>
public sealed record EventLimits(int Max = EventLimits.DefaultMax)
{
    /// <summary>Without a setting.</summary>
    public const int DefaultMax = 500;
}

/// <summary>Numbers events and keeps the last ones, in the state that is stored.</summary>
/// <param name="events">The events in the state.</param>
/// <param name="max">How many are kept.</param>
/// <param name="time">What time it is.</param>
internal sealed class RunEventLog(Func<List<RunEvent>> events, int max, TimeProvider time)
{
    private const int MaxPerMillisecond = 1000;

    /// <summary>
    /// Numbers of a later activation, on whatever silo, are higher, also than those of events that were told and not
    /// stored: who follows misses nothing.
    /// </summary>
    private long _last = time.GetUtcNow().ToUnixTimeMilliseconds() * MaxPerMillisecond;

    public void Add(RunEvent happened)
    {
        var known = events();
        long stored = known.Count > 0 ? known[^1].Sequence : 0;
        _last = Math.Max(_last, stored) + 1;
        known.Add(happened with { Sequence = _last, At = time.GetUtcNow() });
        if (known.Count > max)
            known.RemoveRange(0, known.Count - max);
    }

    public RunEvent[] After(long sequence) => After(events(), sequence);

    /// <summary>Events after a sequence number, oldest first.</summary>
    public static RunEvent[] After(IEnumerable<RunEvent> events, long sequence) =>
        [.. events.Where(entry => entry.Sequence > sequence)];
}
