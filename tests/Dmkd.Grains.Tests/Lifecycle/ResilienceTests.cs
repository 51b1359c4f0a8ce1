using Dmkd.Hosting.Lifecycle;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Polly;

namespace Dmkd.Grains.Tests.Lifecycle;

public sealed class ResilienceTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly List<(int Attempt, double Seconds)> _told = [];
    private int _calls;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DelayBackoffType.Constant, new double[] { 2, 2, 2 })]
    [InlineData(DelayBackoffType.Linear, new double[] { 2, 4, 6 })]
    [InlineData(DelayBackoffType.Exponential, new double[] { 2, 4, 8 })]
    public async Task Ask_FailsForAWhile_IsAskedAgainAfterGrowingPauses(DelayBackoffType growth, double[] pauses)
    {
        var retry = Resilience.TransientCall(_clock, Limits with { Growth = growth }, Tell);
        Assert.Equal(4, await EndAsync(retry.AskAsync(() => FailUntilAsync(4, new TimeoutException()), Cancel)));
        Assert.Equal(pauses.Index().Select(pause => (pause.Index + 1, pause.Item)), _told);
    }

    [Fact]
    public async Task Ask_RetriesUsedUp_ThrowsTheLastFailure()
    {
        var retry = Resilience.TransientStore(_clock, Limits with { MaxRetries = 2 });
        await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            EndAsync(retry.AskAsync(() => FailUntilAsync(9, new StoreUnavailableException("full")), Cancel))
        );
        Assert.Equal(3, _calls);
    }

    [Fact]
    public async Task Ask_TimeUsedUp_ThrowsTheLastFailure()
    {
        var retry = Resilience.TransientCall(_clock, Limits with { MaxTime = TimeSpan.FromSeconds(5) });
        await Assert.ThrowsAsync<TimeoutException>(() =>
            EndAsync(retry.AskAsync(() => FailUntilAsync(99, new TimeoutException()), Cancel))
        );
        Assert.Equal(4, _calls); // at 0, 2, 4 and 6 seconds
    }

    public static TheoryData<string, Exception> Permanent =>
        new()
        {
            { "call", new InvalidOperationException() },
            { "store", new TimeoutException() },
            { "database", new PostgresException("no such table", "ERROR", "ERROR", "42P01") },
            { "step", new StateLostException() },
        };

    [Theory]
    [MemberData(nameof(Permanent), DisableDiscoveryEnumeration = true)]
    public async Task Ask_PermanentFailure_IsToldAtOnce(string pipeline, Exception failure)
    {
        var retry = pipeline switch
        {
            "call" => Resilience.TransientCall(_clock, Limits),
            "store" => Resilience.TransientStore(_clock, Limits),
            "database" => Resilience.TransientDatabase(_clock, Limits),
            _ => Resilience.TransientStep(_clock, Limits),
        };
        Assert.Same(
            failure,
            await Assert.ThrowsAnyAsync<Exception>(() => retry.AskAsync(() => FailUntilAsync(9, failure), Cancel))
        );
        Assert.Equal(1, _calls);
    }

    [Fact]
    public async Task Ask_AfterAPause_IsStillOnTheCallersScheduler()
    {
        var scheduler = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        var seen = new List<TaskScheduler>();
        var retry = Resilience.TransientCall(_clock, Limits);
        var asked = Task
            .Factory.StartNew(
                () =>
                    retry.AskAsync(
                        () =>
                        {
                            seen.Add(TaskScheduler.Current);
                            return FailUntilAsync(3, new TimeoutException());
                        },
                        Cancel
                    ),
                Cancel,
                TaskCreationOptions.None,
                scheduler
            )
            .Unwrap();
        await EndAsync(asked);
        Assert.Equal(3, seen.Count);
        Assert.All(seen, one => Assert.Same(scheduler, one));
    }

    private static RetryLimits Limits => new(TimeSpan.FromSeconds(2));

    private void Tell(RetryNotice retry) => _told.Add((retry.Attempt, retry.Pause.TotalSeconds));

    private Task<int> FailUntilAsync(int call, Exception failure) =>
        ++_calls < call ? Task.FromException<int>(failure) : Task.FromResult(_calls);

    /// <summary>Moves the clock on, a whole pause at a time, whenever a pause was begun.</summary>
    private async Task<T> EndAsync<T>(Task<T> asked)
    {
        while (!asked.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
        }

        return await asked;
    }
}
