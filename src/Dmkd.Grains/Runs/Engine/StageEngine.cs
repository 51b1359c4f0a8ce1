using System.Diagnostics;
using Dmkd.Contracts.Runs;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;
using Polly;

namespace Dmkd.Grains.Runs.Engine;

/// <summary>
/// Runs a list of stages from the stored cursor to its end. A run that is killed anywhere goes on from the phase stored
/// last and ends with the same numbers. Knows nothing of Orleans but its exceptions.
/// </summary>
internal sealed partial class StageEngine<TState, TPhase>(
    StateWriter<TState> writer,
    IStageHost<TPhase> host,
    EventLimits limits,
    DmkdInstruments instruments,
    TimeProvider time,
    ILogger logger
)
    where TState : class, IStagedState<TPhase>
    where TPhase : struct, Enum
{
    /// <summary>
    /// Times in a row that a stage is tried again because somebody did not answer: with growing pauses, about a minute
    /// and a half.
    /// </summary>
    private static readonly RetryLimits Retries = new(TimeSpan.FromSeconds(1))
    {
        Growth = DelayBackoffType.Linear,
        MaxRetries = 12,
    };

    private readonly BackgroundWork _work = new();
    private readonly RunEventLog _events = new(() => writer.State.Events, limits.Max, time);
    private long _clock;
    private double _share;

    public TState State => writer.State;

    /// <summary>Whether state in memory is not, or may not be, the stored one.</summary>
    public bool IsBroken => writer.IsBroken;

    public bool IsAtWork => _work.IsRunning;

    /// <summary>Whether stages are left.</summary>
    public bool IsUnderWay => !Is(default) && !Is(host.Completed) && !Is(host.Failed);

    /// <summary>Share of the current stage that is done, in [0, 1]; lanes report it.</summary>
    public double Share
    {
        get => Volatile.Read(ref _share);
        set => Volatile.Write(ref _share, value);
    }

    /// <summary>Cancelled when the activation ends.</summary>
    public CancellationToken Token => _work.Token;

    /// <summary>Notes an event; the next write makes it durable.</summary>
    public void Tell(RunEvent happened) => _events.Add(happened);

    /// <summary>Events after a sequence number, oldest first.</summary>
    public RunEvent[] EventsAfter(long sequence) => _events.After(sequence);

    /// <summary>Drives on; while it does, a repeat changes nothing.</summary>
    public void Start() => _work.Start(DriveAsync, FailAsync, host.Deactivate);

    /// <summary>Waits until work that has come to its end has told it; new work starts after that.</summary>
    public Task EndedAsync() => _work.EndedAsync();

    /// <summary>Stops the work without waiting for it; for the end of the activation.</summary>
    public void Stop() => _work.Stop();

    /// <summary>
    /// Tells the end. It is stored: whoever cannot be told now is no failure, and is told by the next activation.
    /// </summary>
    public async Task AnnounceAsync()
    {
        try
        {
            await Resilience.TransientCall(time, Retries).DoAsync(host.AnnounceAsync, Token);
        }
        catch (Exception e) when (TransientErrors.Is(e) && e is not StateLostException)
        {
            LogNotAnnounced(logger, e, host.Name);
        }
    }

    /// <summary>Takes a failure back, in memory.</summary>
    /// <param name="resumesIn">Where to go on after a failure in a phase.</param>
    public async Task ForgetFailureAsync(Func<TPhase, TPhase> resumesIn)
    {
        if (!Is(host.Failed))
            return;
        await _work.EndedAsync();
        State.Phase = resumesIn(State.FailedIn);
        State.Error = null;
    }

    /// <summary>Makes what was reached within a stage durable.</summary>
    public async Task StoreAsync()
    {
        CountTime();
        try
        {
            await writer.WriteAsync();
        }
        catch (Exception e) when (e is not StateLostException)
        {
            // Nobody may see the events of an activation that ends here, so the log says why.
            LogNotStored(logger, host.Name, e.GetBaseException().Message.Split('\n', 2)[0].Trim());
            throw;
        }
    }

    private async Task DriveAsync()
    {
        using var activity = host.Begin();
        _clock = Stopwatch.GetTimestamp();
        var stages = await host.OpenAsync();
        var retry = Resilience.TransientStep(time, Retries, Retrying);
        while (IsUnderWay)
            await retry.DoAsync(() => StepAsync(stages), Token);
        await AnnounceAsync();
    }

    private async Task StepAsync(StageList<TPhase> stages)
    {
        var stage = stages.At(State.Phase);
        var end = await stage.RunAsync(Token);
        await MoveToAsync(stages.After(stage, end));
    }

    /// <summary>
    /// A silo died or does not answer: every stage can be repeated, and what others hold moves meanwhile.
    /// </summary>
    private void Retrying(RetryNotice retry)
    {
        LogRetried(logger, retry.Problem, host.Name, State.Phase, retry.Attempt);
        Tell(new StageRetried(State.Phase.ToString(), retry.Problem.Message.Split('\n', 2)[0].Trim()));
    }

    private async Task FailAsync(Exception exception, string reason)
    {
        var phase = State.Phase;
        LogFailed(logger, exception, host.Name, phase);
        State.Error = host.ErrorOf(phase, reason);
        State.FailedIn = phase;
        Tell(new RunFailed(phase.ToString(), State.Error));
        await MoveToAsync(host.Failed);
        await AnnounceAsync();
    }

    /// <summary>Ends a stage: one write makes its results and the next phase durable together.</summary>
    private async Task MoveToAsync(TPhase next)
    {
        instruments.PhaseEnded(host.Name, State.Phase.ToString(), Stopwatch.GetElapsedTime(_clock));
        Share = 0;
        State.Phase = next;
        await StoreAsync();
    }

    private void CountTime()
    {
        State.WallSeconds += Stopwatch.GetElapsedTime(_clock).TotalSeconds;
        _clock = Stopwatch.GetTimestamp();
    }

    private bool Is(TPhase phase) => EqualityComparer<TPhase>.Default.Equals(State.Phase, phase);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Name}: failed in phase {Phase}")]
    private static partial void LogFailed(ILogger logger, Exception exception, string name, TPhase phase);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "{Name}: the state cannot be stored: {Problem} It goes on by itself, from what is stored, once it can"
    )]
    private static partial void LogNotStored(ILogger logger, string name, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name}: the directory does not know yet that it has ended")]
    private static partial void LogNotAnnounced(ILogger logger, Exception exception, string name);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name}: phase {Phase} is tried again after attempt {Attempt}")]
    private static partial void LogRetried(ILogger logger, Exception exception, string name, TPhase phase, int attempt);
}
