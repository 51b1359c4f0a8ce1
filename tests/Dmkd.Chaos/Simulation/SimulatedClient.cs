using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;

namespace Dmkd.Chaos.Simulation;

/// <summary>A user, who does something every few seconds until there is nothing more to do.</summary>
internal abstract class SimulatedUser(SimulatedActors actors)
{
    private readonly ActorScheduler _scheduler = new(actors.World);

    protected SimulatedActors Actors => actors;

    protected World World => actors.World;

    /// <summary>Time between two steps.</summary>
    protected virtual TimeSpan Pause => TimeSpan.FromSeconds(5);

    /// <summary>Begins.</summary>
    public void Start() => _ = _scheduler.StartAsync(LookAsync);

    /// <summary>One step; true when it was the last.</summary>
    protected abstract Task<bool> StepAsync();

    protected void Note(Func<string> text) => actors.Journal.Note(World.Now, text);

    private async Task<bool> LookAsync()
    {
        while (true)
        {
            try
            {
                if (await StepAsync())
                    return true;
            }
#pragma warning disable CA1031 // a user of a broken cluster: it asks again
            catch (Exception e)
#pragma warning restore CA1031
            {
                Note(() => $"the user: {e.Message}");
            }

            await World.Delay(Pause);
        }
    }
}

/// <summary>
/// The user of a run: starts it, looks at it every few seconds, resumes it when it failed, and stops it now and then,
/// to resume it later.
/// </summary>
internal sealed class SimulatedClient(string runId, RunSettings settings, SimulatedActors actors)
    : SimulatedUser(actors)
{
    private bool _isKnown,
        _wantsStop;

    public string RunId => runId;

    /// <summary>A run that must have ended before this one begins; null for none.</summary>
    public string? WaitsFor { get; init; }

    private ITrainingRunGrain Run => Actors.Grains.GetGrain<ITrainingRunGrain>(runId);

    /// <summary>The user wants to stop the run for a while.</summary>
    public void Stop() => _wantsStop = true;

    protected override async Task<bool> StepAsync()
    {
        if (WaitsFor is { } other && !Actors.Journal.Seen.Contains((other, RunPhase.Completed)))
            return false;
        if (!_isKnown)
        {
            await Run.StartAsync(settings);
            _isKnown = true;
        }

        var progress = await Run.GetProgressAsync(long.MaxValue);
        Note(() => $"{runId} is in {progress.Phase}, task {progress.Task}, round {progress.Round}");
        Actors.Journal.Seen.Add((runId, progress.Phase));
        if (progress.Phase is RunPhase.Completed)
            return true;
        if (progress.Phase is RunPhase.Failed || progress.IsStopped)
        {
            Note(() => $"{runId} is resumed: stopped {progress.IsStopped} {progress.Error}");
            await Run.ResumeAsync();
        }
        else if (_wantsStop)
        {
            _wantsStop = false;
            await Run.StopAsync();
        }

        return false;
    }
}
