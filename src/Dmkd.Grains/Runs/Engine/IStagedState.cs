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
