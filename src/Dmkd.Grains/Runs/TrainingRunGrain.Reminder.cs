using Dmkd.Contracts.Runs;
using Dmkd.Grains.Lifecycle;

namespace Dmkd.Grains.Runs;

/// <summary>Goes on when a reminder wakes it.</summary>
internal sealed partial class TrainingRunGrain : IRemindable
{
    private bool IsUnderWay => !State.IsStopped && State.Phase is not (RunPhase.Created or RunPhase.Completed or RunPhase.Failed);

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (IsUnderWay) StartDriving(); // being activated did it already
        else await GoOnReminder.ForgetAsync(this, ServiceProvider);
    }

    private Task RemindAsync() => GoOnReminder.SetAsync(this, ServiceProvider);
}
