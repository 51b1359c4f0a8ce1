using System.Data.Common;
using Dmkd.Contracts.Libraries;
using Polly;
using Polly.Retry;

namespace Dmkd.Hosting.Lifecycle;

/// <summary>How long, and how often, something is tried again.</summary>
/// <param name="Pause">Pause before the first retry.</param>
public sealed record RetryLimits(TimeSpan Pause)
{
    /// <summary>How the pause grows from one retry to the next. Default: not at all.</summary>
    public DelayBackoffType Growth { get; init; } = DelayBackoffType.Constant;

    /// <summary>The longest pause; null for no limit.</summary>
    public TimeSpan? MaxPause { get; init; }

    /// <summary>Retries after the first attempt. Default: as many as <see cref="MaxTime"/> lets.</summary>
    public int MaxRetries { get; init; } = int.MaxValue;

    /// <summary>Time since the first attempt after which a failure is final. Default: a week.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromDays(7);
}

/// <summary>A retry that is about to happen.</summary>
/// <param name="Problem">Why.</param>
/// <param name="Attempt">Which, from 1.</param>
/// <param name="Pause">How long it waits before.</param>
public sealed record RetryNotice(Exception Problem, int Attempt, TimeSpan Pause);

/// <summary>
/// The one place of retries, over Polly. What is not transient is told at once, and so is the last failure, as it was.
/// Nothing is drawn at random and the clock is the caller's: a simulated world stays the same for the same seed. Calls
/// stay on the scheduler of who makes them, as actors need.
/// </summary>
public sealed class Resilience
{
    private static readonly ResiliencePropertyKey<long> Begun = new("dmkd.begun");

    private readonly ResiliencePipeline _pipeline;
    private readonly TimeProvider _time;

    private Resilience(
        Func<Exception, bool> isTransient,
        TimeProvider time,
        RetryLimits limits,
        Action<RetryNotice>? retrying
    )
    {
        _time = time;
        var retry = new RetryStrategyOptions
        {
            Delay = limits.Pause,
            BackoffType = limits.Growth,
            MaxDelay = limits.MaxPause,
            MaxRetryAttempts = limits.MaxRetries,
            ShouldHandle = failed =>
            {
                bool passes = failed.Outcome.Exception is { } problem && isTransient(problem);
                return ValueTask.FromResult(passes && TimeIn(failed.Context) < limits.MaxTime);
            },
        };
        if (retrying is not null)
        {
            retry.OnRetry = failed =>
            {
                retrying(new RetryNotice(failed.Outcome.Exception!, failed.AttemptNumber + 1, failed.RetryDelay));
                return default;
            };
        }

        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(retry)
            .Build();
    }

    /// <summary>
    /// For calls to grains, which a repeat does not change: silos come and go, and so do their databases.
    /// </summary>
    /// <param name="time">The clock.</param>
    /// <param name="limits">When a failure is final.</param>
    /// <param name="retrying">Is told of every retry.</param>
    public static Resilience TransientCall(
        TimeProvider time,
        RetryLimits limits,
        Action<RetryNotice>? retrying = null
    ) => new(TransientErrors.Is, time, limits, retrying);

    /// <summary>
    /// For the steps of a stored state machine, which can be repeated; not for a lost state, of which only a new
    /// activation knows.
    /// </summary>
    /// <inheritdoc cref="TransientCall"/>
    public static Resilience TransientStep(
        TimeProvider time,
        RetryLimits limits,
        Action<RetryNotice>? retrying = null
    ) => new(problem => TransientErrors.Is(problem) && problem is not StateLostException, time, limits, retrying);

    /// <summary>For stores that are full or cannot be reached.</summary>
    /// <inheritdoc cref="TransientCall"/>
    public static Resilience TransientStore(
        TimeProvider time,
        RetryLimits limits,
        Action<RetryNotice>? retrying = null
    ) => new(TransientErrors.IsOfAStore, time, limits, retrying);

    /// <summary>For commands to a database whose driver knows which failures pass.</summary>
    /// <inheritdoc cref="TransientCall"/>
    public static Resilience TransientDatabase(
        TimeProvider time,
        RetryLimits limits,
        Action<RetryNotice>? retrying = null
    ) => new(TransientErrors.IsOfADatabase, time, limits, retrying);

    /// <summary>Makes a call, and makes it again while it fails in a way that passes.</summary>
    /// <param name="call">Makes the call.</param>
    /// <param name="cancellationToken">Ends the attempts; the last failure is thrown when it comes between two of
    /// them.</param>
    public async Task<T> AskAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellationToken);
        context.Properties.Set(Begun, _time.GetTimestamp());
        try
        {
            return await _pipeline.ExecuteAsync(static async (_, ask) => await ask(), context, call);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>A call without an answer.</summary>
    /// <inheritdoc cref="AskAsync"/>
    public Task DoAsync(Func<Task> call, CancellationToken cancellationToken) =>
        AskAsync(
            async () =>
            {
                await call();
                return true;
            },
            cancellationToken
        );

    private TimeSpan TimeIn(ResilienceContext context) => _time.GetElapsedTime(context.Properties.GetValue(Begun, 0));
}

/// <summary>Tells errors that pass from failures.</summary>
public static class TransientErrors
{
    /// <summary>
    /// Whether the same call may succeed later: somebody did not answer, a silo died, or a store takes nothing at the
    /// moment.
    /// </summary>
    public static bool Is(Exception exception) => IsOfACall(exception) || IsOfAStore(exception);

    /// <summary>Whether somebody did not answer, or their silo died.</summary>
    public static bool IsOfACall(Exception exception) =>
        exception is TimeoutException
        || (exception is OrleansException && StoredStateException.Within(exception) is null);

    /// <summary>
    /// Whether a store takes nothing at the moment: its disk is full, its database is away. Orleans puts what a state's
    /// store says into an exception of its own.
    /// </summary>
    public static bool IsOfAStore(Exception exception)
    {
        if (exception is StoreUnavailableException or DbException)
            return true;
        return exception is OrleansException { InnerException: { } inner } && IsOfAStore(inner);
    }

    /// <summary>Whether a database's driver says that the same command may succeed later.</summary>
    public static bool IsOfADatabase(Exception exception) => exception is DbException { IsTransient: true };
}

/// <summary>
/// An actor's state in memory is not what is stored, because a write failed or another activation went further: the
/// actor ends, and the call can be repeated.
/// </summary>
internal sealed class StateLostException()
    : OrleansException("The actor's state is not the stored one; it is being activated anew. Repeat the call.");

/// <summary>
/// A store takes nothing at the moment, because its disk is full or it cannot be reached; the same call may succeed
/// later. The message says which store and why.
/// </summary>
public sealed class StoreUnavailableException(string message) : Exception(message);
