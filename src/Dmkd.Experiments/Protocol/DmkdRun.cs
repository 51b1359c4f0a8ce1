using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Polly;
using Polly.Retry;

namespace Dmkd.Experiments.Protocol;

/// <summary>DMKD itself, through the cluster: follows a run grain until it ends.</summary>
public sealed class DmkdRun(ITrainingRunGrain run, TimeProvider time)
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MaxSilence = TimeSpan.FromMinutes(3);

    /// <summary>Number of the last event that is known: lines follow it.</summary>
    public long Known { get; init; }

    /// <summary>Follows the run.</summary>
    /// <param name="progress">Receives every look at the run; feed lines come once each.</param>
    /// <param name="cancellationToken">Stops following; the run itself goes on.</param>
    /// <exception cref="RunHaltedException">Somebody stopped the run.</exception>
    /// <exception cref="RunFailedException">The run cannot go on, or the cluster does not answer for
    /// minutes.</exception>
    public async Task<RunReport> FollowAsync(Action<RunProgress> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(progress);
        long seen = Known;
        while (true)
        {
            var look = await LookAsync(seen, cancellationToken);
            if (look.Events.Length > 0)
                seen = look.Events[^1].Sequence;
            progress(look);
            if (look.Phase is RunPhase.Failed)
                throw new RunFailedException(look.Error ?? "The run failed and left no reason.");
            if (look.Phase is RunPhase.Completed && await run.GetReportAsync(cancellationToken) is { } report)
                return report;
            if (look.IsStopped && look.Phase is not RunPhase.Completed)
                throw new RunHaltedException($"in phase {look.Phase} of task {look.Task + 1}");
            await Task.Delay(LookPeriod, time, cancellationToken);
        }
    }

    /// <summary>A look at the run. Its silo may have died: the question changes nothing, so it is put again.</summary>
    private async Task<RunProgress> LookAsync(long seen, CancellationToken cancellationToken)
    {
        long since = time.GetTimestamp();
        var retry = new RetryStrategyOptions
        {
            Delay = LookPeriod,
            MaxRetryAttempts = int.MaxValue,
            ShouldHandle = look =>
                ValueTask.FromResult(IsSilence(look.Outcome.Exception) && time.GetElapsedTime(since) <= MaxSilence),
        };
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(retry)
            .Build();
        try
        {
            return await pipeline.ExecuteAsync(
                async cancel => await run.GetProgressAsync(seen, cancel),
                cancellationToken
            );
        }
        catch (OrleansException e) when (StoredStateException.Within(e) is { } lasting)
        {
            throw new RunFailedException(lasting.Message);
        }
        catch (Exception e) when (IsSilence(e) && !cancellationToken.IsCancellationRequested)
        {
            throw new RunFailedException(
                $"The cluster has not answered for {MaxSilence.TotalMinutes:F0} minutes: {e.Message} The run "
                    + $"goes on by itself when it can."
            );
        }
    }

    private static bool IsSilence(Exception? exception) =>
        exception is TimeoutException or OrleansException && StoredStateException.Within(exception) is null;
}

/// <summary>A run ended without a result; the message says why.</summary>
public sealed class RunFailedException(string message) : Exception(message);

/// <summary>A run was stopped by somebody while it was followed; it waits to be resumed.</summary>
/// <param name="where">Where it stopped, such as <c>in phase train of task 2</c>.</param>
public sealed class RunHaltedException(string where) : Exception($"The run was stopped {where}.")
{
    /// <summary>Where it stopped.</summary>
    public string Where { get; } = where;
}
