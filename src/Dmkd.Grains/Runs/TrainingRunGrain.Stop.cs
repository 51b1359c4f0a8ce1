using Dmkd.Grains.Lifecycle;

namespace Dmkd.Grains.Runs;

/// <summary>Stops durably.</summary>
internal sealed partial class TrainingRunGrain
{
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (State.Settings is null) throw new InvalidOperationException($"There is no run {RunId}.");
        if (!IsUnderWay) return;
        State.IsStopped = true;
        await Writer.WriteAsync();
        LogStopped(logger, RunId, State.Phase);
        await AnnounceAsync();
        await GoOnReminder.ForgetAsync(this, ServiceProvider);
        DeactivateOnIdle(); // ends the work at hand; the next activation finds the run stopped
    }
}
