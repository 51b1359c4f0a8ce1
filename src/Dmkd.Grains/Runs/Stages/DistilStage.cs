using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs.Engine;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>
/// Distils what is not yet distilled (proposal 3.2.4), as many modules at a time as there are lanes, the longest first.
/// Each is stored as soon as it is done.
/// </summary>
internal sealed partial class DistilStage(PreservationScope work) : IRunStage<PreservationStage>
{
    public PreservationStage Phase => PreservationStage.Distil;

    public bool IsSkipped => false;

    public async Task<StageEnd<PreservationStage>> RunAsync(CancellationToken cancellationToken)
    {
        await work.AskLegacyAsync(cancellationToken);
        var missing = work.State.Modules.Index().Where(entry => entry.Item.Digest is null);
        var running = missing
            .OrderByDescending(entry => CostOf(entry.Item))
            .Select(entry => DistilAsync(entry.Index, entry.Item, cancellationToken))
            .ToList();
        while (running.Count > 0)
        {
            var finished = await Task.WhenAny(running); // WhenEach leaves the scheduler in between
            running.Remove(finished);
            var (index, result) = await finished;
            await KeepAsync(index, result, cancellationToken);
        }

        return StageEnd<PreservationStage>.Next;
    }

    private int EpochsOf(PreservedModule module) =>
        module.Role is ModuleRole.Gate ? work.Settings.GateEpochs : work.Settings.Epochs;

    private long CostOf(PreservedModule module) =>
        module.MultiplyAdds * work.Data.TrainingCount(module.Classes) * EpochsOf(module);

    private async Task<(int Index, DistilledModule Result)> DistilAsync(
        int index,
        PreservedModule module,
        CancellationToken cancellationToken
    )
    {
        var track = work.Begin(module.Name);
        var settings = work.Settings; // a lane never reads grain state
        byte[] first = await work.Services.Weights.GetAsync(module.CutDigest, cancellationToken);
        var student = new Student(
            module.Architecture,
            first,
            module.Classes,
            EpochsOf(module),
            PreservationRules.DistillationSeed(settings, index)
        );
        var result = await work.Services.Work.DistilAsync(
            settings,
            student,
            work.Data,
            track.Report,
            cancellationToken
        );
        track.Report(1);
        return (index, result);
    }

    private async Task KeepAsync(int index, DistilledModule result, CancellationToken cancellationToken)
    {
        var cut = work.State.Modules[index];
        string digest =
            result.Steps > 0 ? await work.Services.Weights.PutAsync(result.Weights, cancellationToken) : cut.CutDigest;
        var module = cut with
        {
            Digest = digest,
            Bytes = result.Weights.Length,
            AccuracyBefore = result.AccuracyBefore,
            AccuracyAfter = result.AccuracyAfter,
            LegacyAccuracy = work.Data.LegacyAccuracy(cut.Classes),
            EntropySum = result.EntropySum,
            EntropyCount = result.EntropyCount,
            Steps = result.Steps,
        };
        work.State.Modules = [.. work.State.Modules.Select((old, place) => place == index ? module : old)];
        work.Spent("distillation", result.Time);
        work.Tell(
            new ModuleDistilled(
                module.Name,
                module.AccuracyBefore,
                module.AccuracyAfter,
                module.Steps,
                module.LegacyAccuracy
            )
        );
        LogDistilled(work.Logger, work.Library, module.Name, module.AccuracyBefore, module.AccuracyAfter);
        await work.Engine.StoreAsync();
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Library {Library}: distilled {Module}, accuracy {Before:P1} before and {After:P1} after"
    )]
    private static partial void LogDistilled(
        ILogger logger,
        string library,
        string module,
        double before,
        double after
    );
}

/// <summary>Distils a surrogate that can be cut from a legacy model that is a program.</summary>
internal sealed class SurrogateStage(PreservationScope work) : IRunStage<PreservationStage>
{
    public PreservationStage Phase => PreservationStage.Surrogate;

    public bool IsSkipped => !work.State.Request!.IsTorchScript;

    public async Task<StageEnd<PreservationStage>> RunAsync(CancellationToken cancellationToken)
    {
        await work.AskLegacyAsync(cancellationToken);
        var track = work.Begin("surrogate");
        var settings = work.Settings; // a lane never reads grain state
        var surrogate = await work.Services.Work.DistilSurrogateAsync(
            settings,
            work.Data,
            track.Report,
            cancellationToken
        );
        work.State.SourceDigest = await work.Services.Weights.PutAsync(surrogate.Weights, cancellationToken);
        work.State.SurrogateAccuracy = surrogate.AccuracyAfter;
        work.Spent("surrogate", surrogate.Time);
        work.Tell(
            new SurrogateDistilled(
                settings.Architecture,
                surrogate.AccuracyAfter,
                surrogate.Steps,
                work.State.Request!.SourceName
            )
        );
        return StageEnd<PreservationStage>.Next;
    }
}
