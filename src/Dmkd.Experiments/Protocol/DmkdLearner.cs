using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Protocol;

/// <summary>
/// DMKD through the cluster, as one method among others: starts a run, or goes on with it when it was begun before, and
/// follows it to its end.
/// </summary>
/// <param name="run">The run; its weights and its state stay in the cluster.</param>
/// <param name="parameters">DMKD's parameters.</param>
/// <param name="learned">Runs whose experts may be taken over.</param>
/// <param name="time">Sets the pace of looking at the run.</param>
public sealed class DmkdLearner(
    ITrainingRunGrain run,
    MethodParameters parameters,
    LearnedExperts learned,
    TimeProvider time
) : IContinualLearner
{
    /// <inheritdoc/>
    public string Name => DmkdParameters.MethodName;

    /// <inheritdoc/>
    /// <exception cref="RunFailedException">The run cannot go on.</exception>
    public async Task<MethodResult> LearnAsync(
        ContinualProblem problem,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(progress);
        var settings = DmkdParameters.Apply(problem.Settings, parameters);
        if (await run.GetSettingsAsync(cancellationToken) is null)
            await run.StartAsync(settings with { ExpertsOf = learned.RunLike(settings) }, cancellationToken);
        else
            await run.ResumeAsync(cancellationToken);
        double most = 0;
        var report = await new DmkdRun(run, time).FollowAsync(
            look => progress(most = Math.Max(most, ShareOf(look, settings))),
            cancellationToken
        );
        learned.Add(report);
        return MethodResult.From(report);
    }

    /// <summary>Share of the run done; preserving a legacy model counts like a task.</summary>
    private static double ShareOf(RunProgress look, RunSettings settings)
    {
        if (look.Phase is RunPhase.Completed)
            return 1;
        double preserved = settings.Legacy.Tasks > 0 ? look.PreservationProgress : 0,
            parts = settings.Tasks + (settings.Legacy.Tasks > 0 ? 1 : 0);
        return Math.Clamp((preserved + look.Task + look.TaskProgress) / parts, 0, 1);
    }
}
