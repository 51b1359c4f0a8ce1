using Dmkd.Contracts.Preservation;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs.Engine;

namespace Dmkd.Grains.Runs.Stages;

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
        var data = work.Data;
        int[] all = [.. Enumerable.Range(0, data.Dataset.ClassNames.Count)];
        var surrogate = await work.Services.Devices.Training.RunAsync(
            job => SurrogateWork.Run(job, settings, data.Of(all), track.Report),
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
