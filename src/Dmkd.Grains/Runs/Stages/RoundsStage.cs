using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Runs.Engine;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>A task's rounds, first half: nodes train, and their updates are collected (proposal 3.4.1).</summary>
internal sealed class TrainStage(RunScope run) : IRunStage<RunPhase>
{
    public RunPhase Phase => RunPhase.Train;

    /// <inheritdoc/>
    /// <remarks>Experts that were taken over have learned.</remarks>
    public bool IsSkipped => run.Settings.ExpertsOf is not null;

    public async Task<StageEnd<RunPhase>> RunAsync(CancellationToken cancellationToken)
    {
        long maxSamples = run.Data.TrainingCountOf(run.State.Task);
        return StageEnd<RunPhase>.At(await run.Rounds.TrainAsync(Teacher(), maxSamples, cancellationToken));
    }

    /// <summary>The legacy model, for tasks whose classes it knows.</summary>
    private LegacyTeacher? Teacher()
    {
        var state = run.State;
        int legacyTasks = run.Settings.Legacy.Tasks;
        if (state.Task >= legacyTasks)
            return null;
        int[] classes = run.Data.ClassesUpTo(legacyTasks - 1);
        int[] outputs = [.. state.Module!.Classes.Select(label => Array.IndexOf(classes, label))];
        return new LegacyTeacher(state.Legacy!.Architecture, state.Legacy.Digest, outputs);
    }
}

/// <summary>A task's rounds, second half: their coordinator merges what was collected (proposal 3.4.2).</summary>
internal sealed class MergeStage(RunScope run) : IRunStage<RunPhase>
{
    public RunPhase Phase => RunPhase.Merge;

    public bool IsSkipped => run.Settings.ExpertsOf is not null;

    public async Task<StageEnd<RunPhase>> RunAsync(CancellationToken cancellationToken) =>
        StageEnd<RunPhase>.At(await run.Rounds.MergeAsync(cancellationToken));
}
