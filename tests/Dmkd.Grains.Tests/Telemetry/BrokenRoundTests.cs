using System.Diagnostics;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Tests.Cluster;
using Microsoft.Extensions.DependencyInjection;

namespace Dmkd.Grains.Tests.Telemetry;

/// <summary>Traces of rounds that do not go straight through.</summary>
public sealed class BrokenRoundTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Round_RunDeactivatedInTheMiddle_GoesOnInTheSameTrace()
    {
        const string Run = "broken-round";
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var probe = new StorageProbe
        {
            BeforeWrite = state =>
            {
                if (state is not MergeCoordinatorState { Phase: MergePhase.Merging } || release.Task.IsCompleted)
                    return Task.CompletedTask;
                reached.TrySetResult();
                return release.Task;
            },
        };
        using var spans = new SpanRecorder();
        using var folder = new TemporaryFolder();
        await using var cluster = await DmkdCluster.StartAsync(folder.Path, configure: probe.Attach);
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>(Run);
        await run.StartAsync(
            Examples.TinySettings() with
            {
                Tasks = 1,
                Legacy = Examples.TinySettings().Legacy with { Tasks = 0 },
            },
            Cancel
        );
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        await cluster.DeactivateAsync(run);
        await run.ResumeAsync(Cancel);
        release.SetResult();
        await cluster.ReportAsync(Run);

        var first = spans.Of(Run, "begin round").Single(span => Equals(span.GetTagItem("dmkd.round"), 0));
        Assert.Equal(2, spans.Of(Run, "round").Count(span => span.TraceId == first.TraceId));
        Assert.Equal(2, spans.Of(Run, "begin round").Count);
        var runs = spans.Of(Run, "run");
        Assert.Equal(2, runs.Count);
        Assert.Single(runs.Select(span => span.TraceId).Distinct());
    }

    [Fact]
    public async Task Submit_AfterTheRoundClosed_IsLinkedToTheOpenRound()
    {
        var trace = new ActivityContext(
            ActivityTraceId.CreateRandom(),
            ActivitySpanId.CreateRandom(),
            ActivityTraceFlags.Recorded
        );
        using var spans = new SpanRecorder();
        using var folder = new TemporaryFolder();
        var clock = new SettableClock();
        await using var cluster = await DmkdCluster.StartAsync(
            folder.Path,
            configure: silo => silo.Services.AddSingleton<TimeProvider>(clock)
        );
        var scenario = await MergeScenario.OpenAsync(
            cluster,
            "late",
            wait: TimeSpan.FromHours(1),
            trace: $"00-{trace.TraceId}-{trace.SpanId}-01"
        );
        await scenario.SubmitAsync(scenario.Update("n2", 5, [1, 1, 1, 1], [1, 1]));
        clock.Advance(TimeSpan.FromHours(1));
        await scenario.EndAsync();
        await scenario.SubmitAsync(scenario.Update("n1", 5, [9, 9, 9, 9], [9, 9]));

        var late = Assert.Single(spans.Of("late", "late update"));
        Assert.Equal(trace.SpanId, Assert.Single(late.Links).Context.SpanId);
        Assert.NotEqual(trace.TraceId, late.TraceId);
        Assert.Equal(trace.SpanId, Assert.Single(spans.Of("late", "merge")).ParentSpanId);
    }
}
