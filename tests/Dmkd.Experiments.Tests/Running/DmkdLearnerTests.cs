using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Tests.Running;

public sealed class DmkdLearnerTests
{
    [Fact]
    public async Task LearnAsync_NewRun_StartsItWithItsParameters()
    {
        var run = new FakeRun();
        var result = await LearnAsync(run);
        Assert.Equal((0.25, 7), (run.Started!.Legacy.Alpha, run.Started.Seed));
        Assert.Equal(("dmkd", 10L), (result.Method, result.BytesUp));
    }

    [Fact]
    public async Task LearnAsync_RunOfAKilledProcess_GoesOnWithIt()
    {
        var run = new FakeRun { Stored = TinyProblem.Settings };
        await LearnAsync(run);
        Assert.True(run.IsResumed);
        Assert.Null(run.Started);
    }

    [Fact]
    public async Task LearnAsync_Progress_RisesToOne()
    {
        List<double> told = [];
        await LearnAsync(new FakeRun(), told.Add);
        // two tasks and preserving them: half of the first part and half of the second, then all
        Assert.Equal([0.25, 0.5, 1], told);
    }

    [Fact]
    public async Task LearnAsync_OtherRoutingOfAFinishedRun_TakesItsExpertsOver()
    {
        var learned = new LearnedExperts();
        var first = new FakeRun();
        await LearnAsync(first, learned: learned);
        learned.Add(Dmkd.Experiments.Tests.Reports.Reports.Run with { Settings = first.Started! });
        var second = new FakeRun();
        await LearnAsync(second, learned: learned, more: ("top", "2"));
        Assert.Equal(
            (null, Dmkd.Experiments.Tests.Reports.Reports.Run.RunId),
            (first.Started!.ExpertsOf, second.Started!.ExpertsOf)
        );
        var third = new FakeRun();
        await LearnAsync(third, learned: learned, more: ("lambda", "1"));
        Assert.Null(third.Started!.ExpertsOf);
    }

    private static Task<MethodResult> LearnAsync(
        FakeRun run,
        Action<double>? progress = null,
        LearnedExperts? learned = null,
        (string Name, string Value)? more = null
    ) =>
        new DmkdLearner(
            run,
            new MethodParameters("dmkd", Parameters(more)),
            learned ?? new(),
            TimeProvider.System
        ).LearnAsync(TinyProblem.Create(seed: 7), progress ?? (_ => { }), TestContext.Current.CancellationToken);

    private static Dictionary<string, string> Parameters((string Name, string Value)? more)
    {
        var parameters = new Dictionary<string, string> { ["alpha"] = "0.25", ["legacy-tasks"] = "2" };
        if (more is { } one)
            parameters[one.Name] = one.Value;
        return parameters;
    }

    private sealed class FakeRun : ITrainingRunGrain
    {
        private readonly Queue<RunProgress> _looks = new([
            new RunProgress { Phase = RunPhase.Preserve, PreservationProgress = 0.75 },
            new RunProgress
            {
                Phase = RunPhase.Train,
                PreservationProgress = 1,
                TaskProgress = 0.5,
            },
            new RunProgress { Phase = RunPhase.Completed },
        ]);

        public RunSettings? Stored { get; init; }

        public RunSettings? Started { get; private set; }

        public bool IsResumed { get; private set; }

        public Task<RunSettings?> GetSettingsAsync(CancellationToken cancellationToken = default) =>
            Task.FromResult(Stored);

        public Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default)
        {
            Started = settings;
            return Task.CompletedTask;
        }

        public Task MoveDataAsync(string path, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task<int> LearnAsync(Lesson lesson, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task ResumeAsync(CancellationToken cancellationToken = default)
        {
            IsResumed = true;
            return Task.CompletedTask;
        }

        public Task<RunProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default) =>
            Task.FromResult(_looks.Dequeue());

        public Task<RunReport?> GetReportAsync(CancellationToken cancellationToken = default) =>
            Task.FromResult<RunReport?>(Dmkd.Experiments.Tests.Reports.Reports.Run);

        public Task StopAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<RemovedRun> RemoveAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task<IReadOnlyList<RunNode>> ListNodesAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task LeaveAsync(int node, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task JoinAsync(int node, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }
}
