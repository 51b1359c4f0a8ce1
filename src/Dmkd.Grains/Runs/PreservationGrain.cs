using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Preservation;
using Dmkd.Core.Models;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs;

/// <summary>
/// Makes a legacy model into a library of experts (proposal 3.2): keeps the cursor over its
/// <see cref="PreservationScope.Stages">stages</see>.
/// </summary>
internal sealed class PreservationGrain(
    [PersistentState(StorageNames.Preservation, StorageNames.Provider)] IPersistentState<PreservationState> storage,
    PreservationServices services,
    EventLimits limits,
    ILogger<PreservationGrain> logger
) : Grain, IPreservationGrain, IStageHost<PreservationStage>, IRemindable
{
    private static readonly TimeSpan MaxWork = TimeSpan.FromDays(7);

    string IStageHost<PreservationStage>.Name => Library;

    PreservationStage IStageHost<PreservationStage>.Completed => PreservationStage.Completed;

    PreservationStage IStageHost<PreservationStage>.Failed => PreservationStage.Failed;

    private StateWriter<PreservationState> Writer =>
        field ??= new(new PersistentSlot<PreservationState>(storage), DeactivateOnIdle);

    private StageEngine<PreservationState, PreservationStage> Engine =>
        field ??= new(Writer, this, limits, services.Devices.Instruments, services.Time, logger);

    private PreservationScope Work =>
        field ??= new()
        {
            Library = Library,
            Engine = Engine,
            Grains = GrainFactory,
            Services = services,
            Logger = logger,
        };

    private PreservationState State => Writer.State;

    private string Library => this.GetPrimaryKeyString();

    public async Task StartAsync(PreservationRequest request, CancellationToken cancellationToken = default)
    {
        if (State.Request is not null)
            throw new InvalidOperationException($"Library {Library} exists; resume it, or choose another name.");
        PreservationRules.Check(request.Settings);
        await GoOnReminder.SetAsync(this, ServiceProvider);
        State.Request = request;
        State.StartedAt = services.Time.GetUtcNow();
        State.Stage = Work.Stages().First;
        State.SourceDigest = request.IsTorchScript ? null : request.LegacyDigest;
        await Writer.WriteAsync();
        await AnnounceAsync();
        Engine.Start();
    }

    public async Task ResumeAsync(CancellationToken cancellationToken = default)
    {
        if (State.Request is null)
            throw new InvalidOperationException($"There is no preservation {Library}.");
        await Engine.ForgetFailureAsync(PreservationRules.ResumesIn);
        if (State.Stage is PreservationStage.Completed)
            return;
        await GoOnReminder.SetAsync(this, ServiceProvider);
        Engine.Start();
    }

    public async Task MoveDataAsync(string path, CancellationToken cancellationToken = default)
    {
        if (State.Request is not { } request)
            throw new InvalidOperationException($"There is no preservation {Library}.");
        var data = request.Settings.Data with { Path = path };
        State.Request = request with { Settings = request.Settings with { Data = data } };
        await Writer.WriteAsync();
        await AnnounceAsync();
    }

    public Task<PreservationRequest?> GetRequestAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(State.Request);

    public Task<PreservationProgress> GetProgressAsync(
        long afterEvent,
        CancellationToken cancellationToken = default
    ) =>
        Task.FromResult(
            new PreservationProgress
            {
                Stage = State.Stage,
                Tracks = [.. Work.Tracks.Select(track => new PreservationTrack(track.Name, track.Share))],
                Events = Engine.EventsAfter(afterEvent),
                Error = State.Error,
                Waiting = services.Outages.Current,
            }
        );

    public Task<PreservationReport?> GetReportAsync(CancellationToken cancellationToken = default)
    {
        if (State.Stage is not PreservationStage.Completed)
            return Task.FromResult<PreservationReport?>(null);
        var architecture = ArchitectureCatalog.Parse(State.Request!.Settings.Architecture);
        return Task.FromResult<PreservationReport?>(
            new PreservationReport
            {
                Library = Library,
                Request = State.Request,
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
            }
        );
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // A preservation whose silo died goes on wherever it is looked at next.
        if (Engine.IsUnderWay)
            Engine.Start();
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Engine.Stop();
        return Task.CompletedTask;
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (Engine.IsUnderWay)
            Engine.Start(); // being activated did it already
        else
            await GoOnReminder.ForgetAsync(this, ServiceProvider);
    }

    IDisposable? IStageHost<PreservationStage>.Begin()
    {
        DelayDeactivation(MaxWork);
        return DmkdTelemetry.StartPreserve(Library);
    }

    async Task<StageList<PreservationStage>> IStageHost<PreservationStage>.OpenAsync()
    {
        await Work.LoadAsync();
        return Work.Stages();
    }

    string IStageHost<PreservationStage>.ErrorOf(PreservationStage phase, string reason) => $"Stage {phase}: {reason}";

    Task IStageHost<PreservationStage>.AnnounceAsync() => AnnounceAsync();

    void IStageHost<PreservationStage>.Deactivate() => DeactivateOnIdle();

    private Task AnnounceAsync() =>
        GrainFactory
            .GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key)
            .RecordRunAsync(
                new RunSummary
                {
                    RunId = Library,
                    Library = Library,
                    Data = State.Request!.Settings.Data,
                    Phase = PreservationRules.PhaseOf(State.Stage),
                    StartedAt = State.StartedAt,
                }
            );
}
