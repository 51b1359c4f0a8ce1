using Dmkd.Contracts.Merging;
using Dmkd.Grains.Merging;
using Microsoft.Extensions.DependencyInjection;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Rounds whose nodes do not all answer, and what a round tells while it is being stored.</summary>
public sealed class MergeDeadlineTests : IAsyncLifetime
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly TemporaryFolder _folder = new();
    private readonly SettableClock _clock = new();
    private readonly StorageProbe _probe = new();
    private DmkdCluster? _cluster;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _cluster = await DmkdCluster.StartAsync(
            _folder.Path,
            configure: silo =>
            {
                silo.Services.AddSingleton<TimeProvider>(_clock);
                _probe.Attach(silo);
            }
        );

    [Fact]
    public async Task Deadline_WithQuorum_ClosesWithWhoeverSubmitted()
    {
        var scenario = await MergeScenario.OpenAsync(_cluster!, "quorum", quorum: 1, wait: Hour);
        await scenario.SubmitAsync(scenario.Update("n2", 5, [1, 1, 1, 1], [1, 1]));
        _clock.Advance(Hour);
        var status = await scenario.EndAsync();
        Assert.Equal("n2", Assert.Single(status.Result!.Contributions).NodeId);
        await scenario.ExpectWeightsAsync([2, 3, 4, 5, 11, 21]);
        Assert.Equal(
            SubmissionOutcome.Late,
            (await scenario.SubmitAsync(scenario.Update("n1", 5, [9, 9, 9, 9], [9, 9]))).Outcome
        );
    }

    [Fact]
    public async Task Deadline_WithoutQuorum_FailsAndNamesTheNumbers()
    {
        var scenario = await MergeScenario.OpenAsync(_cluster!, "no-quorum", quorum: 2, wait: Hour);
        await scenario.SubmitAsync(scenario.Update("n2", 5, [1, 1, 1, 1], [1, 1]));
        _clock.Advance(Hour);
        var status = await scenario.EndAsync();
        Assert.Equal(MergePhase.Failed, status.Phase);
        Assert.Contains(
            "no-quorum/expert-1: round 1 closed at its deadline with 1 of 2 updates; 2 were needed",
            status.Error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task OpenRound_AgainAfterALongPause_MovesTheDeadline()
    {
        var scenario = await MergeScenario.OpenAsync(_cluster!, "pause", quorum: 2, wait: Hour);
        await scenario.Coordinator.OpenRoundAsync(scenario.Plan with { Wait = 3 * Hour }, Cancel);
        _clock.Advance(2 * Hour);
        await scenario.SubmitAsync(scenario.Update("n2", 5, [1, 1, 1, 1], [1, 1]));
        await SeveralDeadlineChecksAsync();
        await scenario.SubmitAsync(scenario.Update("n1", 5, [1, 1, 1, 1], [1, 1]));
        Assert.Equal(MergePhase.Closed, (await scenario.EndAsync()).Phase);
    }

    [Fact]
    public async Task Status_WhileTheResultIsBeingStored_IsNotClosedYet()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _probe.BeforeWrite = state =>
        {
            if (state is not MergeCoordinatorState { Phase: MergePhase.Publishing })
                return Task.CompletedTask;
            reached.SetResult();
            return release.Task;
        };
        var scenario = await MergeScenario.OpenAsync(_cluster!, "held", nodes: ["n1"]);
        await scenario.SubmitAsync(scenario.Update("n1", 5, [1, 1, 1, 1], [1, 1]));
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        var meanwhile = await scenario.StatusAsync();
        release.SetResult();
        Assert.Equal((MergePhase.Merging, null), (meanwhile.Phase, meanwhile.Result));
        Assert.Equal(MergePhase.Closed, (await scenario.EndAsync()).Phase);
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>
    /// Another coordinator of the same silo runs into its deadline: meanwhile the first has looked at its own.
    /// </summary>
    private async Task SeveralDeadlineChecksAsync()
    {
        for (int i = 0; i < 2; i++)
        {
            var other = await MergeScenario.OpenAsync(_cluster!, $"other-{i}", quorum: 2, wait: TimeSpan.Zero);
            await other.EndAsync();
        }
    }
}
