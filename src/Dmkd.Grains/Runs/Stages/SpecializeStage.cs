using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>
/// The module's entropy statistics, summed over its nodes in node order (proposal 3.3); and what the module cost to
/// learn.
/// </summary>
internal sealed class SpecializeStage(RunScope run) : IRunStage<RunPhase>
{
    /// <summary>
    /// A network that learns badly stays near the loss of guessing, and one that is sure of wrong answers at a few times
    /// that.
    /// </summary>
    private const double MaxTimesGuessing = 20;

    public RunPhase Phase => RunPhase.Specialize;

    public bool IsSkipped => false;

    public async Task<StageEnd<RunPhase>> RunAsync(CancellationToken cancellationToken)
    {
        run.EndRounds();
        var state = run.State;
        var reports = await new NodeMeasuring(run).EntropyAsync(state.Module!, state.Base!);
        var specialization = new ModuleSpecialization(
            state.Base!.Number,
            reports.Sum(report => report.EntropySum),
            reports.Sum(report => report.SampleCount)
        );
        await run
            .Grains.GetGrain<IExpertModuleGrain>(state.Module!.Key)
            .RecordSpecializationAsync(specialization, cancellationToken);
        await CountLearningAsync(reports);
        Judge(state);
        return StageEnd<RunPhase>.Next;
    }

    /// <summary>
    /// What the task's expert lacks: its last merge left it with a loss beyond all learning, or none of its merges was
    /// accepted; null when it is as it should be.
    /// </summary>
    internal static DivergedExpert? DivergenceOf(TrainingRunState state)
    {
        if (state.Settings!.ExpertsOf is not null)
            return null; // it learned elsewhere
        var module = state.Module!;
        double guessing = Math.Log(Math.Max(2, module.Classes.Length));
        if (state.Base!.Round is null)
            return new DivergedExpert(module.Name, Loss: null, guessing);
        if (state.Base.Metrics is not { LossAfter: var loss } || loss <= MaxTimesGuessing * guessing)
            return null;
        return new DivergedExpert(module.Name, loss, guessing); // NaN is above every limit
    }

    private void Judge(TrainingRunState state)
    {
        state.Diverged.RemoveAll(known => known.Module == state.Module!.Name); // a repeat judges again
        if (DivergenceOf(state) is not { } diverged)
            return;
        state.Diverged.Add(diverged);
        if (diverged.Loss is { } loss)
            run.Tell(new ExpertDiverged(state.Task, diverged.Module, loss, diverged.Guessing));
    }

    /// <summary>Notes what the task's expert cost: here, or where it was learned.</summary>
    private async Task CountLearningAsync(EntropyReport[] reports)
    {
        var state = run.State;
        if (run.Settings.ExpertsOf is { } source)
        {
            var cost = await new TakenExperts(run.Grains).CostOfAsync(source, state.Task);
            RunRules.Count(state, cost);
            state.Learning = [.. state.Learning.Take(state.Task), cost];
            return;
        }

        state.DeviceSeconds += reports.Sum(report => report.DeviceSeconds);
        state.BytesDown += reports.Sum(report => report.DownloadedBytes);
        state.Learning = [.. state.Learning.Take(state.Task), RunRules.Counted(state).Since(state.BeforeTask)];
    }
}
