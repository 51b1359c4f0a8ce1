using Dmkd.Contracts.Merging;
using Dmkd.Grains.Merging;
using Dmkd.Hosting.Storage;

namespace Dmkd.Chaos.Poisoning;

/// <summary>A merge coordinator's state in memory, which tells when a round has ended.</summary>
internal sealed class CoordinatorSlot : IStateSlot<MergeCoordinatorState>
{
    private TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MergeCoordinatorState State { get; } = new();

    /// <summary>Completes when the round that began last has a stored end, a good one or a bad one.</summary>
    public Task Ended => _ended.Task;

    /// <summary>A new round begins.</summary>
    public void Begin() => _ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task WriteAsync()
    {
        if (State.Phase is MergePhase.Closed or MergePhase.Failed or MergePhase.Rejected)
            _ended.TrySetResult();
        return Task.CompletedTask;
    }
}
