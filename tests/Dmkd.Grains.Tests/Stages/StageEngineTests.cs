using Dmkd.Chaos;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Tests.Cluster;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Grains.Tests.Stages;

/// <summary>The engine of runs and preservations, with stages that only note that they ran.</summary>
public sealed class StageEngineTests
{
    /// <summary>The cursor of these tests.</summary>
    public enum Step
    {
        /// <summary>Not started.</summary>
        None,

        /// <summary>The first stage.</summary>
        First,

        /// <summary>The second stage.</summary>
        Second,

        /// <summary>Complete.</summary>
        Done,

        /// <summary>Failed.</summary>
        Failed,
    }

    [Fact]
    public async Task Start_TwoStages_RunsThemInOrderAndAnnouncesTheEnd()
    {
        var host = new Host();
        await host.RunAsync();
        Assert.Equal([Step.First, Step.Second], host.Ran);
        Assert.Equal((Step.Done, 1), (host.Slot.State.Phase, host.Announced));
        Assert.Equal(2, host.Slot.Stored.Count); // one write a stage
    }

    [Fact]
    public async Task Start_StageThatIsSkipped_GoesOnWithTheNext()
    {
        var host = new Host { IsSkipped = Step.First };
        host.Slot.State.Phase = host.Stages.First;
        await host.RunAsync();
        Assert.Equal([Step.Second], host.Ran);
    }

    [Theory]
    [InlineData(1, new[] { Step.Second })]
    [InlineData(2, new Step[0])]
    public async Task Start_AfterAPowerCut_GoesOnWithTheStoredStage(int writes, Step[] expected)
    {
        var before = new Host();
        await before.RunAsync();
        var after = new Host { Slot = before.Slot.Reopened(writes) };
        await after.RunAsync();
        Assert.Equal(Step.Done, after.Slot.State.Phase);
        Assert.Equal(expected, after.Ran);
    }

    [Fact]
    public async Task Start_StageThatRepeatsItself_GoesOnWhereItSays()
    {
        var host = new Host();
        int left = 2;
        host.OnRun = step => step is Step.Second && left-- > 0 ? StageEnd<Step>.At(Step.First) : StageEnd<Step>.Next;
        await host.RunAsync();
        Assert.Equal([Step.First, Step.Second, Step.First, Step.Second, Step.First, Step.Second], host.Ran);
    }

    [Fact]
    public async Task Start_StageThatFails_StoresWhereAndWhyAndCanBeTakenBack()
    {
        var host = new Host
        {
            OnRun = step =>
                step is Step.Second ? throw new InvalidOperationException("broken\nat line 7") : StageEnd<Step>.Next,
        };
        await host.RunAsync();
        var state = host.Slot.State;
        Assert.Equal(
            (Step.Failed, Step.Second, "in Second: broken", 1),
            (state.Phase, state.FailedIn, state.Error, host.Announced)
        );
        Assert.Equal(
            ("Second", "in Second: broken"),
            state.Events.OfType<RunFailed>().Select(failed => (failed.Stage, failed.Reason)).Single()
        );

        host.OnRun = _ => StageEnd<Step>.Next;
        await host.Engine.ForgetFailureAsync(step => step);
        await host.RunAsync();
        Assert.Equal((Step.Done, null), (state.Phase, state.Error));
    }

    [Fact]
    public async Task Start_SomebodyDoesNotAnswerOnce_TriesTheStageAgainAndSaysSo()
    {
        var host = new Host();
        bool isFirst = true;
        host.OnRun = step =>
        {
            if (step is not Step.Second || !isFirst)
                return StageEnd<Step>.Next;
            isFirst = false;
            throw new TimeoutException("no answer");
        };
        await host.RunAsync();
        Assert.Equal([Step.First, Step.Second, Step.Second], host.Ran);
        Assert.Equal(
            new StageRetried("Second", "no answer"),
            Assert.Single(host.Slot.State.Events) with
            {
                Sequence = 0,
                At = default,
            }
        );
    }

    [Fact]
    public async Task Start_TheDirectoryDoesNotAnswerAtTheEnd_IsDoneAllTheSameAndTellsItAgain()
    {
        var host = new Host { UnheardAnnouncements = 1 };
        await host.RunAsync();
        Assert.Equal([Step.First, Step.Second], host.Ran);
        Assert.Equal((Step.Done, null, 2), (host.Slot.State.Phase, host.Slot.State.Error, host.Announced));
    }

    [Fact]
    public async Task Start_PhaseOfANewerProgram_FailsWithALineThatSaysSo()
    {
        var host = new Host();
        host.Slot.State.Phase = (Step)17;
        await host.RunAsync();
        Assert.Contains("has no stage for phase 17", host.Slot.State.Error, StringComparison.Ordinal);
    }

    internal sealed class Progress : IStagedState<Step>
    {
        public Step Phase { get; set; }

        public Step FailedIn { get; set; }

        public string? Error { get; set; }

        public double WallSeconds { get; set; }

        public List<RunEvent> Events { get; set; } = [];
    }

    private sealed class Stage(Host host, Step phase) : IRunStage<Step>
    {
        public Step Phase => phase;

        public bool IsSkipped => host.IsSkipped == phase;

        public Task<StageEnd<Step>> RunAsync(CancellationToken cancellationToken)
        {
            host.Ran.Add(phase);
            return Task.FromResult(host.OnRun(phase));
        }
    }

    private sealed class Host : IStageHost<Step>
    {
        public MemorySlot<Progress> Slot { get; init; } = new();

        public List<Step> Ran { get; } = [];

        public Step? IsSkipped { get; init; }

        public Func<Step, StageEnd<Step>> OnRun { get; set; } = _ => StageEnd<Step>.Next;

        public int Announced { get; private set; }

        public int UnheardAnnouncements { get; init; }

        public StageList<Step> Stages => new([new Stage(this, Step.First), new Stage(this, Step.Second)], Step.Done);

        public StageEngine<Progress, Step> Engine => field ??= Begun();

        public string Name => "test";

        public Step Completed => Step.Done;

        public Step Failed => Step.Failed;

        public IDisposable? Begin() => null;

        public Task<StageList<Step>> OpenAsync() => Task.FromResult(Stages);

        public string ErrorOf(Step phase, string reason) => $"in {phase}: {reason}";

        public Task AnnounceAsync()
        {
            Announced++;
            return Announced <= UnheardAnnouncements
                ? Task.FromException(new TimeoutException("no answer"))
                : Task.CompletedTask;
        }

        public void Deactivate() { }

        public async Task RunAsync()
        {
            Engine.Start();
            await DmkdCluster.UntilAsync(() => Task.FromResult(!Engine.IsAtWork), "the end of the stages");
        }

        private StageEngine<Progress, Step> Begun()
        {
            if (Slot.State.Phase is Step.None)
                Slot.State.Phase = Stages.First;
            return new(
                new StateWriter<Progress>(Slot, Deactivate),
                this,
                new EventLimits(),
                Unheard.Instruments,
                TimeProvider.System,
                NullLogger.Instance
            );
        }
    }
}
