using Dmkd.Contracts.Runs;
using Dmkd.Grains.Lifecycle;

namespace Dmkd.Grains.Runs;

/// <summary>Goes on when it is looked at or a reminder wakes it, and has itself woken elsewhere when its silo ends.</summary>
internal sealed partial class TrainingRunGrain : IRemindable
{
    private bool IsUnderWay => !State.IsStopped && State.Phase is not (RunPhase.Created or RunPhase.Completed or RunPhase.Failed);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // A run whose silo died goes on wherever it is looked at next.
        if (IsUnderWay && interrupted.GoOnWhenLookedAt) StartDriving();
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        EndRounds();
        if (reason.ReasonCode is DeactivationReasonCode.ShuttingDown && !Writer.IsBroken && IsUnderWay) GoOnReminder.WakeElsewhere(this, ServiceProvider);
        return _work.StopAsync();
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (IsUnderWay) StartDriving(); // being activated did it already
        else await GoOnReminder.ForgetAsync(this, ServiceProvider);
    }

    private Task RemindAsync() => GoOnReminder.SetAsync(this, ServiceProvider);
}
