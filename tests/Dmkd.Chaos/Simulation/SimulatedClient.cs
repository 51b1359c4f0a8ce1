using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// The user of a run: starts it, looks at it every few seconds, resumes it when it failed, and stops it now and then,
/// to resume it later.
/// </summary>
internal sealed class SimulatedClient(
    string runId,
    RunSettings settings,
    World world,
    IGrainFactory grains,
    Journal journal
)
{
    private readonly ActorScheduler _scheduler = new(world);
    private bool _isKnown,
        _wantsStop;

    public string RunId => runId;

    /// <summary>A run that must have ended before this one begins; null for none.</summary>
    public string? WaitsFor { get; init; }

    private ITrainingRunGrain Run => grains.GetGrain<ITrainingRunGrain>(runId);

    /// <summary>Begins.</summary>
    public void Start() => _ = _scheduler.StartAsync(LookAsync);

    /// <summary>The user wants to stop the run for a while.</summary>
    public void Stop() => _wantsStop = true;

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
                journal.Note(world.Now, () => $"the user of {runId}: {e.Message}");
            }

            await world.Delay(TimeSpan.FromSeconds(5));
        }
    }

    /// <summary>One look; true when the run has ended.</summary>
    private async Task<bool> StepAsync()
    {
        if (WaitsFor is { } other && !journal.Seen.Contains((other, RunPhase.Completed)))
            return false;
        if (!_isKnown)
        {
            await Run.StartAsync(settings);
            _isKnown = true;
        }

        var progress = await Run.GetProgressAsync(long.MaxValue);
        journal.Note(world.Now, () => $"{runId} is in {progress.Phase}, task {progress.Task}, round {progress.Round}");
        journal.Seen.Add((runId, progress.Phase));
        if (progress.Phase is RunPhase.Completed)
            return true;
        if (progress.Phase is RunPhase.Failed || progress.IsStopped)
        {
            journal.Note(world.Now, () => $"{runId} is resumed: stopped {progress.IsStopped} {progress.Error}");
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
