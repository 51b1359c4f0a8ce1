using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Runs;

namespace Dmkd.Chaos.Simulation;

/// <summary>What can be woken when nobody looks at it.</summary>
internal interface IWakeable
{
    string Name { get; }

    /// <summary>A reminder has come.</summary>
    void Remind();

    /// <summary>Looks at it, which is enough.</summary>
    void LookAt();
}

/// <summary>What a run or a preservation stands on.</summary>
internal sealed class ActorStand(SimulatedActors actors, IWakeable line, Action deactivate) : IRunHost
{
    public IGrainFactory Grains => actors.Grains;

    public Task RequireAsync(string device) => Task.CompletedTask;

    public Task SetReminderAsync() => actors.Surroundings.SetReminderAsync(line.Name, line.Remind);

    public Task ForgetReminderAsync() => actors.Surroundings.ForgetReminderAsync(line.Name);

    public void WakeElsewhere() => line.LookAt();

    public void StayAwake() { }

    public void Deactivate() => deactivate();
}

/// <summary>A run over the network.</summary>
internal sealed class RunLine(SimulatedActors actors, string runId) : ITrainingRunGrain, IWakeable
{
    public string Name => SimulatedActors.SlotOf<TrainingRun>(runId);

    public void Remind() => _ = Run.CallAsync(run => run.WakeAsync());

    public void LookAt() => _ = GetProgressAsync(long.MaxValue);

    public Task<RemovedRun> RemoveAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Nothing is removed here.");

    private Host<TrainingRun> Run => actors.Run(runId);

    public Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default) =>
        Run.CallAsync(run => run.StartAsync(settings));

    public Task<int> LearnAsync(Lesson lesson, CancellationToken cancellationToken = default) =>
        Run.CallAsync(run => run.LearnAsync(lesson));

    public Task ResumeAsync(CancellationToken cancellationToken = default) => Run.CallAsync(run => run.ResumeAsync());

    public Task StopAsync(CancellationToken cancellationToken = default) => Run.CallAsync(run => run.StopAsync());

    public Task MoveDataAsync(string path, CancellationToken cancellationToken = default) =>
        Run.CallAsync(run => run.MoveDataAsync(path));

    public Task LeaveAsync(int node, CancellationToken cancellationToken = default) =>
        Run.CallAsync(run => run.LeaveAsync(node));

    public Task JoinAsync(int node, CancellationToken cancellationToken = default) =>
        Run.CallAsync(run => run.JoinAsync(node));

    public Task<RunSettings?> GetSettingsAsync(CancellationToken cancellationToken = default) =>
        Run.CallAsync(run => Task.FromResult(run.State.Settings), interleaves: true);

    public Task<IReadOnlyList<RunNode>> ListNodesAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Places are not simulated.");

    public Task<RunProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default) =>
        Run.CallAsync(run => Task.FromResult(run.Progress(afterEvent)), interleaves: true);

    public Task<RunReport?> GetReportAsync(CancellationToken cancellationToken = default) =>
        Run.CallAsync(run => Task.FromResult(run.Report), interleaves: true);
}

/// <summary>A preservation over the network.</summary>
internal sealed class PreservationLine(SimulatedActors actors, string library) : IPreservationGrain, IWakeable
{
    public string Name => SimulatedActors.SlotOf<PreservationRun>(library);

    private Host<PreservationRun> Preservation => actors.Preservation(library);

    public void Remind() => _ = Preservation.CallAsync(preservation => preservation.WakeAsync());

    public void LookAt() => _ = GetProgressAsync(long.MaxValue);

    public Task<RemovedRun> RemoveAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Nothing is removed here.");

    public Task StartAsync(PreservationRequest request, CancellationToken cancellationToken = default) =>
        Preservation.CallAsync(preservation => preservation.StartAsync(request));

    public Task ResumeAsync(CancellationToken cancellationToken = default) =>
        Preservation.CallAsync(preservation => preservation.ResumeAsync());

    public Task MoveDataAsync(string path, CancellationToken cancellationToken = default) =>
        Preservation.CallAsync(preservation => preservation.MoveDataAsync(path));

    public Task<PreservationRequest?> GetRequestAsync(CancellationToken cancellationToken = default) =>
        Preservation.CallAsync(preservation => Task.FromResult(preservation.State.Request), interleaves: true);

    public Task<PreservationProgress> GetProgressAsync(
        long afterEvent,
        CancellationToken cancellationToken = default
    ) => Preservation.CallAsync(preservation => Task.FromResult(preservation.Progress(afterEvent)), interleaves: true);

    public Task<PreservationReport?> GetReportAsync(CancellationToken cancellationToken = default) =>
        Preservation.CallAsync(preservation => Task.FromResult(preservation.Report), interleaves: true);
}
