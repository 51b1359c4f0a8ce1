using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs.Engine;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>Trains the legacy model, the monolithic network that a run starts from.</summary>
internal sealed partial class LegacyStage(RunScope run) : IRunStage<RunPhase>
{
    /// <summary>Share of <see cref="RunPhase.Preserve"/> that this stage is, for progress bars.</summary>
    public const double ShareOfPhase = 0.7;

    public RunPhase Phase => RunPhase.Preserve;

    public bool IsSkipped => !HasLegacy(run.Settings) || run.State.Legacy is not null;

    /// <summary>Whether a run has a legacy model: one that takes its experts over needs none.</summary>
    public static bool HasLegacy(RunSettings settings) => settings.Legacy.Tasks > 0 && settings.ExpertsOf is null;

    public async Task<StageEnd<RunPhase>> RunAsync(CancellationToken cancellationToken)
    {
        var settings = run.Settings;
        int[] classes = run.Data.ClassesUpTo(settings.Legacy.Tasks - 1);
        var training = run.Data.LegacyTraining();
        var test = RunData.Relabel(run.Data.TestOf(classes), classes);
        var trained = await run.Services.Work.TrainLegacyAsync(
            settings,
            new LegacyImages(training, test, classes.Length),
            share => run.Progress(ShareOfPhase * share),
            cancellationToken
        );
        string digest = await run.Services.Weights.PutAsync(trained.Weights, cancellationToken);
        run.Spent("legacy training", trained.DeviceTime);
        run.State.Legacy = new LegacyModel(trained.Architecture, digest, trained.Accuracy);
        run.Tell(new LegacyTrained(trained.Architecture, trained.Accuracy, classes.Length));
        LogTrained(run.Logger, run.RunId, trained.Architecture, trained.Accuracy);
        return StageEnd<RunPhase>.Next;
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Library {Library}: trained legacy model {Architecture}, accuracy {Accuracy:P1}"
    )]
    private static partial void LogTrained(ILogger logger, string library, string architecture, double accuracy);
}
