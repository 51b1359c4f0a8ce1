using Dmkd.Contracts.Runs;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// The rounds of a run, driven as its <c>StageEngine</c> drives them: step after step of the stored state, until they
/// are done or fail.
/// </summary>
internal sealed class SimulatedRun(IStateSlot<TrainingRunState> slot, RoundDriver driver, Action onBroken) : IRunContext
{
    private readonly StateWriter<TrainingRunState> _writer = new(slot, onBroken);
    private RunRounds? _rounds;
    private Task? _drive;

    public TrainingRunState State => _writer.State;

    public DmkdInstruments Instruments => Unheard.Instruments;

    private RunRounds Rounds => _rounds ??= new RunRounds(SimulatedCluster.RunId, this, driver);

    /// <summary>Goes on from where the stored state is, also after a failure.</summary>
    public async Task<RunPhase> GoOnAsync()
    {
        if (_drive is { IsCompleted: false })
            return State.Phase;
        if (State.Phase is RunPhase.Failed)
        {
            State.Phase = RunRules.ResumesIn(State.FailedIn);
            State.Error = null;
            State.Attempts = 0;
            await _writer.WriteAsync();
        }

        if (State.Phase is RunPhase.Train or RunPhase.Merge)
            _drive = DriveAsync();
        return State.Phase;
    }

    /// <summary>A node leaves or returns.</summary>
    public async Task<bool> MoveAsync(int node)
    {
        if (!State.Absent.Remove(node) && State.Absent.Count + 1 < State.Settings!.Participation.Nodes)
            State.Absent.Add(node);
        await _writer.WriteAsync();
        return true;
    }

    public Action<string> Trace { get; init; } = _ => { };

    public void Progress(double share) { }

    public void Tell(RunEvent happened) { }

    private Task MoveToAsync(RunPhase next)
    {
        Trace($"run moves from {State.Phase} to {next}, round {State.Round + 1} {State.Error}");
        State.Phase = next;
        return _writer.WriteAsync();
    }

    private async Task DriveAsync()
    {
        try
        {
            while (State.Phase is RunPhase.Train or RunPhase.Merge)
            {
                var next =
                    State.Phase is RunPhase.Train
                        ? await Rounds.TrainAsync(null, long.MaxValue, CancellationToken.None)
                        : await Rounds.MergeAsync(CancellationToken.None);
                await MoveToAsync(next);
            }
        }
        catch (StateLostException)
        {
            onBroken();
        }
#pragma warning disable CA1031 // as in the grain: whatever went wrong is the run's result
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (_writer.IsBroken)
                return;
            State.Error = e.Message;
            State.FailedIn = State.Phase;
            await MoveToAsync(RunPhase.Failed);
        }
    }
}
