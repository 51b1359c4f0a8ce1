using Dmkd.Contracts.Runs;
using Dmkd.Grains.Runs;
using Dmkd.Grains.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Chaos.Simulation;

/// <summary>The rounds of a run, driven as <c>TrainingRunGrain</c> drives them: step after step of the stored state, until they are done or fail.</summary>
internal sealed class SimulatedRun : IRunContext
{
    private readonly StateWriter<TrainingRunState> _writer;
    private readonly RunRounds _rounds;
    private Task? _drive;

    public SimulatedRun(IStateSlot<TrainingRunState> slot, RoundDriver driver, Action onBroken)
    {
        _writer = new StateWriter<TrainingRunState>(slot, onBroken);
        _rounds = new RunRounds(SimulatedCluster.RunId, this, driver);
    }

    public TrainingRunState State => _writer.State;

    /// <summary>Goes on from where the stored state is, also after a failure.</summary>
    public async Task<RunPhase> GoOnAsync()
    {
        if (_drive is { IsCompleted: false }) return State.Phase;
        if (State.Phase is RunPhase.Failed)
        {
            State.Phase = RunRules.ResumesIn(State.FailedIn);
            State.Error = null;
            State.Attempts = 0;
            await _writer.WriteAsync();
        }

        if (State.Phase is RunPhase.Train or RunPhase.Merge) _drive = DriveAsync();
        return State.Phase;
    }

    /// <summary>A node leaves or returns.</summary>
    public async Task<bool> MoveAsync(int node)
    {
        if (!State.Absent.Remove(node) && State.Absent.Count + 1 < State.Settings!.Nodes) State.Absent.Add(node);
        await _writer.WriteAsync();
        return true;
    }

    public Task MoveToAsync(RunPhase next)
    {
        State.Phase = next;
        return _writer.WriteAsync();
    }

    public void Progress(double share)
    {
    }

    public void Tell(string text)
    {
    }

    private async Task DriveAsync()
    {
        try
        {
            while (State.Phase is RunPhase.Train or RunPhase.Merge)
            {
                if (State.Phase is RunPhase.Train) await _rounds.TrainAsync(null, CancellationToken.None);
                else await _rounds.MergeAsync(CancellationToken.None);
            }
        }
#pragma warning disable CA1031 // as in the grain: whatever went wrong is the run's result
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (_writer.IsBroken) return;
            State.Error = e.Message;
            State.FailedIn = State.Phase;
            await MoveToAsync(RunPhase.Failed);
        }
    }
}
