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
        return StageEnd<RunPhase>.Next;
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
