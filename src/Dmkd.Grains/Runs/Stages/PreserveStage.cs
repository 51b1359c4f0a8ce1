using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>Takes the legacy model apart into an expert for each of its tasks (proposal 3.2).</summary>
internal sealed partial class PreserveStage(RunScope run) : IRunStage<RunPhase>
{
    public RunPhase Phase => RunPhase.Preserve;

    public bool IsSkipped => !LegacyStage.HasLegacy(run.Settings);

    public async Task<StageEnd<RunPhase>> RunAsync(CancellationToken cancellationToken)
    {
        using var activity = DmkdTelemetry.StartPreserve(run.RunId);
        Report(0);
        var apart = await TakeApartAsync(cancellationToken);
        var experts = new PreservedExpert[apart.Experts.Length];
        for (int task = 0; task < experts.Length; task++)
            experts[task] = await StoreAsync(task, apart.Experts[task], cancellationToken);
        run.State.Preserved = experts;
        run.State.LegacyFeatures = apart.Features is { } kept
            ? new LegacyFeatures(
                kept.Architecture,
                await run.Services.Weights.PutAsync(kept.Weights, cancellationToken)
            )
            : null;
        run.Spent("preservation", apart.DeviceTime);
        foreach (var expert in experts)
            run.Tell(
                new ExpertPreserved(
                    RunRules.ModuleName(expert.Task),
                    expert.Architecture,
                    expert.Cluster,
                    expert.ImportanceShare
                )
            );
        LogPreserved(run.Logger, run.RunId, experts.Length);
        return StageEnd<RunPhase>.Next;
    }

    private async Task<TakenApart> TakeApartAsync(CancellationToken cancellationToken)
    {
        var settings = run.Settings;
        var model = run.State.Legacy!;
        byte[] content = await run.Services.Weights.GetAsync(model.Digest, cancellationToken);
        var calibration = run.Data.LegacyCalibration();
        var training = run.Data.LegacyTraining();
        var parts = new LegacyParts(model.Architecture, content, calibration, training, GroupsOf(settings));
        return await run.Services.Work.TakeApartAsync(settings, parts, Report, cancellationToken);
    }

    /// <summary>
    /// The legacy model's outputs are in class order, so a class's output is its place among the legacy classes.
    /// </summary>
    private int[][] GroupsOf(RunSettings settings)
    {
        int[] classes = run.Data.ClassesUpTo(settings.Legacy.Tasks - 1);
        int[][] groups = new int[settings.Legacy.Tasks][];
        for (int task = 0; task < groups.Length; task++)
            groups[task] = [.. run.Data.Tasks.ClassesOf(task).Select(label => Array.IndexOf(classes, label))];
        return groups;
    }

    private async Task<PreservedExpert> StoreAsync(int task, CutExpert cut, CancellationToken cancellationToken) =>
        new()
        {
            Task = task,
            Cluster = cut.Cluster,
            Architecture = cut.Architecture,
            Digest = await run.Services.Weights.PutAsync(cut.Weights, cancellationToken),
            Bytes = cut.Weights.Length,
            ImportanceShare = cut.ImportanceShare,
        };

    /// <summary>Called by a lane.</summary>
    private void Report(double share) =>
        run.Progress(LegacyStage.ShareOfPhase + (1 - LegacyStage.ShareOfPhase) * share);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Library {Library}: took the legacy model apart into {Experts} experts"
    )]
    private static partial void LogPreserved(ILogger logger, string library, int experts);
}
