using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// Moments of a tiny run at which the machine goes down, each just before a state would have been stored: the worst
/// moment of its phase.
/// </summary>
internal static class CrashPoints
{
    public static IReadOnlyDictionary<string, Func<object, bool>> All { get; } =
        new Dictionary<string, Func<object, bool>>
        {
            ["legacy model trained"] = state =>
                state is TrainingRunState { Phase: RunPhase.Preserve, Legacy: not null },
            ["preserve ends"] = state => state is TrainingRunState { Phase: RunPhase.Assign, Task: 0 },
            ["assign ends"] = state => state is TrainingRunState { Phase: RunPhase.Train, Task: 0, Round: 0 },
            ["first node has trained, its update is not stored"] = state => state is NodeState { Held.Count: 1 },
            ["update submitted, node has not stored that it is done"] = state =>
                state is NodeState node && node.Held.Values.Any(held => held.IsDone),
            ["first node done"] = state =>
                state is MergeCoordinatorState { Accepted.Count: 2, Phase: MergePhase.Collecting },
            ["train ends"] = state => state is TrainingRunState { Phase: RunPhase.Merge, Task: 0, Round: 0 },
            ["merged, decision not stored"] = state =>
                state is MergeCoordinatorState { Phase: MergePhase.Publishing, Plan.Round: 1 },
            ["version published, round not closed"] = state =>
                state is MergeCoordinatorState { Phase: MergePhase.Closed, Plan.Round: 1 },
            ["merge ends"] = state => state is TrainingRunState { Phase: RunPhase.Train, Task: 0, Round: 1 },
            ["specialize ends"] = state => state is TrainingRunState { Phase: RunPhase.Evaluate, Task: 0 },
            ["evaluate ends"] = state => state is TrainingRunState { Phase: RunPhase.Assign, Task: 1 },
            ["second task's merge ends"] = state => state is TrainingRunState { Phase: RunPhase.Specialize, Task: 1 },
            ["last evaluate ends"] = state => state is TrainingRunState { Phase: RunPhase.Completed },
        };

    /// <summary>As theory data.</summary>
    public static TheoryData<string> Names => [.. All.Keys];
}
