using Dmkd.Contracts.Runs;

namespace Dmkd.Experiments.Methods;

/// <summary>DMKD itself, through the cluster: follows a run grain until it ends.</summary>
public sealed class DmkdRun(ITrainingRunGrain run, TimeProvider time)
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(200);

    /// <summary>Follows the run.</summary>
    /// <param name="progress">Receives every look at the run; feed lines come once each.</param>
    /// <param name="cancellationToken">Stops following; the run itself goes on.</param>
    /// <exception cref="RunFailedException">The run cannot go on.</exception>
    public async Task<RunReport> FollowAsync(Action<RunProgress> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(progress);
        long seen = 0;
        while (true)
        {
            var look = await run.GetProgressAsync(seen, cancellationToken);
            if (look.Events.Length > 0) seen = look.Events[^1].Sequence;
            progress(look);
            if (look.Phase is RunPhase.Failed) throw new RunFailedException(look.Error ?? "The run failed and left no reason.");
            if (look.Phase is RunPhase.Completed && await run.GetReportAsync(cancellationToken) is { } report) return report;
            await Task.Delay(LookPeriod, time, cancellationToken);
        }
    }
}
