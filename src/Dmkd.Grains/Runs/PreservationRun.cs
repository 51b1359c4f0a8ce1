using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Preservation;
using Dmkd.Core.Models;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs;

/// <summary>
/// Makes a legacy model into a library of experts (proposal 3.2): keeps the cursor over its
/// <see cref="PreservationScope.Stages">stages</see>. Knows nothing of Orleans but its contracts, so that
/// tests/Dmkd.Chaos can run it under simulated faults.
/// </summary>
internal sealed class PreservationRun : IStageHost<PreservationStage>
{
    private readonly string _library;
    private readonly PreservationServices _services;
    private readonly IActorHost _host;
    private readonly StateWriter<PreservationState> _writer;
    private readonly StageEngine<PreservationState, PreservationStage> _engine;
    private readonly PreservationScope _scope;

    public PreservationRun(
        string library,
        IStateSlot<PreservationState> slot,
        PreservationServices services,
        IActorHost host,
        EventLimits limits,
        ILogger logger
    )
    {
        _library = library;
        _services = services;
        _host = host;
        _writer = new StateWriter<PreservationState>(slot, host.Deactivate);
        _engine = new(_writer, this, limits, services.Instruments, services.Time, logger);
        _scope = new PreservationScope
        {
            Library = library,
            Engine = _engine,
            Grains = host.Grains,
            Services = services,
            Logger = logger,
        };
    }

    string IStageHost<PreservationStage>.Name => _library;

    PreservationStage IStageHost<PreservationStage>.Completed => PreservationStage.Completed;

    PreservationStage IStageHost<PreservationStage>.Failed => PreservationStage.Failed;

    /// <summary>The preservation as it is now. Borrowed.</summary>
    public PreservationState State => _writer.State;

    /// <summary>The report, or null before the library is complete.</summary>
    public PreservationReport? Report =>
        State is { Stage: PreservationStage.Completed, Request: { } request } ? ReportOf(request) : null;

    /// <summary>Whether this activation works on it.</summary>
    public bool IsAtWork => _engine.IsAtWork;

    /// <summary>Takes in what is stored; call once, after the state was read.</summary>
    /// <param name="goesOn">Whether one whose silo died goes on by being looked at, as everywhere but in a console that
    /// only looks.</param>
    public void Activate(bool goesOn)
    {
        if (_engine.IsUnderWay && goesOn)
            _engine.Start();
        else if (State.Request is not null)
            _engine.AnnounceAsync().Ignore(); // the activation that ended it may have died before it could tell
    }

    /// <summary>Ends the work at hand, as the activation ends.</summary>
    /// <param name="isSiloEnding">Whether it ends because its silo was asked to.</param>
    public void End(bool isSiloEnding)
    {
        if (isSiloEnding && !_engine.IsBroken && _engine.IsUnderWay)
            _host.WakeElsewhere();
        _engine.Stop();
    }

    /// <summary>A reminder has come.</summary>
    public async Task WakeAsync()
    {
        if (_engine.IsUnderWay)
        {
            _engine.Start(); // being activated did it already
            return;
        }

        if (State.Request is not null)
            await AnnounceAsync(); // reminders come until the directory knows
        await _host.ForgetReminderAsync();
    }

    /// <inheritdoc cref="IPreservationGrain.StartAsync"/>
    public async Task StartAsync(PreservationRequest request)
    {
        if (State.Request is not null)
            throw new InvalidOperationException($"Library {_library} exists; resume it, or choose another name.");
        PreservationRules.Check(request.Settings);
        await _host.SetReminderAsync();
        State.Request = request;
        State.StartedAt = _services.Time.GetUtcNow();
        State.Stage = _scope.Stages().First;
        State.SourceDigest = request.IsTorchScript ? null : request.LegacyDigest;
        await _writer.WriteAsync();
        await AnnounceAsync();
        _engine.Start();
    }

    /// <inheritdoc cref="IPreservationGrain.ResumeAsync"/>
    public async Task ResumeAsync()
    {
        RequirePreservation();
        await _engine.ForgetFailureAsync(PreservationRules.ResumesIn);
        if (State.Stage is PreservationStage.Completed)
            return;
        await _host.SetReminderAsync();
        _engine.Start();
    }

    /// <inheritdoc cref="IPreservationGrain.MoveDataAsync"/>
    public async Task MoveDataAsync(string path)
    {
        var request = RequirePreservation();
        var data = request.Settings.Data with { Path = path };
        State.Request = request with { Settings = request.Settings with { Data = data } };
        await _writer.WriteAsync();
        await AnnounceAsync();
    }

    /// <summary>Where the preservation is, with the events after a sequence number.</summary>
    public PreservationProgress Progress(long afterEvent) =>
        new()
        {
            Stage = State.Stage,
            Tracks = [.. _scope.Tracks.Select(track => new PreservationTrack(track.Name, track.Share))],
            Events = _engine.EventsAfter(afterEvent),
            Error = State.Error,
            Waiting = _services.Outages.Current,
        };

    IDisposable? IStageHost<PreservationStage>.Begin()
    {
        _host.StayAwake();
        return DmkdTelemetry.StartPreserve(_library);
    }

    async Task<StageList<PreservationStage>> IStageHost<PreservationStage>.OpenAsync()
    {
        await _scope.LoadAsync();
        return _scope.Stages();
    }

    string IStageHost<PreservationStage>.ErrorOf(PreservationStage phase, string reason) => $"Stage {phase}: {reason}";

    Task IStageHost<PreservationStage>.AnnounceAsync() => AnnounceAsync();

    void IStageHost<PreservationStage>.Deactivate() => _host.Deactivate();

    private PreservationReport ReportOf(PreservationRequest request)
    {
        var architecture = ArchitectureCatalog.Parse(request.Settings.Architecture);
        return new PreservationReport
        {
            Library = _library,
            Request = request,
            ClassNames = State.ClassNames,
            LegacyAccuracy = State.LegacyAccuracy,
            LegacyParameters = architecture.ParameterCount,
            LegacyMultiplyAdds = architecture.MultiplyAdds,
            SurrogateAccuracy = State.SurrogateAccuracy,
            Modules = State.Modules,
            Routed = State.Routed,
            Partition = State.Partition!,
            TestImages = State.TestImages,
            DeviceSeconds = State.DeviceSeconds,
            WallSeconds = State.WallSeconds,
        };
    }

    private Task AnnounceAsync() =>
        _host
            .Grains.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key)
            .RecordRunAsync(
                new RunSummary
                {
                    RunId = _library,
                    Library = _library,
                    Data = State.Request!.Settings.Data,
                    Phase = PreservationRules.PhaseOf(State.Stage),
                    StartedAt = State.StartedAt,
                }
            );

    private PreservationRequest RequirePreservation() =>
        State.Request ?? throw new InvalidOperationException($"There is no preservation {_library}.");
}
