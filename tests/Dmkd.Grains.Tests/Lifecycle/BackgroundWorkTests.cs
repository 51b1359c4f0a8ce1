using Dmkd.Hosting.Lifecycle;
using Orleans.Storage;

namespace Dmkd.Grains.Tests.Lifecycle;

public sealed class BackgroundWorkTests
{
    private readonly BackgroundWork _work = new();
    private readonly List<(Exception Exception, string Reason)> _failures = [];
    private int _deactivations;

    [Fact]
    public async Task Start_WhileItRuns_ChangesNothing()
    {
        var release = new TaskCompletionSource();
        int starts = 0;
        Start(Work);
        Start(Work);
        Assert.Equal((true, 1), (_work.IsRunning, starts));
        release.SetResult();
        await _work.EndedAsync();
        Assert.False(_work.IsRunning);
        Start(Work);
        Assert.Equal(2, starts);

        Task Work()
        {
            starts++;
            return release.Task;
        }
    }

    [Fact]
    public async Task Start_WorkThatFails_MakesTheFirstLineItsResult()
    {
        var failure = new InvalidOperationException("shapes differ \r\nException raised from mm\nframe #0");
        Start(() => throw failure);
        await _work.EndedAsync();
        Assert.Equal([(failure, "shapes differ")], _failures);
        Assert.Equal(0, _deactivations);
    }

    [Fact]
    public async Task Start_WorkCancelledByItself_IsAFailure()
    {
        Start(() => throw new OperationCanceledException("a call took too long"));
        await _work.EndedAsync();
        Assert.Equal("a call took too long", Assert.Single(_failures).Reason);
    }

    [Fact]
    public async Task Start_AnotherActivationWentFurther_DeactivatesWithoutAFailure()
    {
        Start(() => throw new InconsistentStateException("the row is newer"));
        await _work.EndedAsync();
        Assert.Empty(_failures);
        Assert.Equal(1, _deactivations);
    }

    [Fact]
    public async Task Start_AnotherActivationWentFurtherThanTheFailure_Deactivates()
    {
        _work.Start(
            () => throw new InvalidOperationException(),
            (_, _) => throw new InconsistentStateException("the row is newer"),
            Deactivate
        );
        await _work.EndedAsync();
        Assert.Equal(1, _deactivations);
    }

    [Fact]
    public async Task Stop_WorkThatThenBreaks_HasNoResult()
    {
        var silo = new TaskCompletionSource();
        Start(() => silo.Task);
        _work.Stop();
        Assert.True(_work.Token.IsCancellationRequested);
        Assert.True(_work.IsRunning); // stopped, not awaited
        silo.SetException(new InvalidOperationException("the silo is gone"));
        await _work.EndedAsync();
        Assert.Empty(_failures);
        Assert.Equal(0, _deactivations);
    }

    [Fact]
    public async Task Ended_FailureIsBeingStored_WaitsForIt()
    {
        var stored = new TaskCompletionSource();
        _work.Start(() => throw new InvalidOperationException(), (_, _) => stored.Task, Deactivate);
        var ended = _work.EndedAsync();
        Assert.Equal((false, true), (ended.IsCompleted, _work.IsRunning));
        stored.SetResult();
        await ended;
        Assert.False(_work.IsRunning);
    }

    [Fact]
    public async Task Ended_FailureThatCannotBeStored_DoesNotThrow()
    {
        _work.Start(
            () => throw new InvalidOperationException(),
            (_, _) => throw new IOException("disk full"),
            Deactivate
        );
        await _work.EndedAsync();
        Assert.False(_work.IsRunning);
    }

    [Fact]
    public async Task Ended_NothingWasStarted_ReturnsAtOnce() => await _work.EndedAsync();

    private void Start(Func<Task> work) => _work.Start(work, Fail, Deactivate);

    private Task Fail(Exception exception, string reason)
    {
        _failures.Add((exception, reason));
        return Task.CompletedTask;
    }

    private void Deactivate() => _deactivations++;
}
