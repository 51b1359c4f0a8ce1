using System.Diagnostics;
using Dmkd.Contracts.Library;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Modules;
using Dmkd.Grains.Data;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Lifecycle;
using Dmkd.Grains.Runs;
using Dmkd.Grains.Storage;
using Dmkd.Grains.Telemetry;
using Microsoft.Extensions.Logging;
using Polly;

namespace Dmkd.Grains.Preservation;

/// <summary>
/// Makes a legacy model into a library of experts (proposal 3.2). A persisted state machine: every stage can be repeated, its end is
/// one state write, and each distilled module is stored as soon as it is done, so a preservation that is killed goes on from there.
/// </summary>
internal sealed partial class PreservationGrain(
    [PersistentState(StorageNames.Preservation, StorageNames.Provider)] IPersistentState<PreservationState> storage,
    IWeightStore weights, DatasetCache datasets, SiloDevices devices, TimeProvider time, ILogger<PreservationGrain> logger)
    : Grain, IPreservationGrain, IRemindable
{
    private static readonly TimeSpan LongestWork = TimeSpan.FromDays(7);

    /// <summary>Times in a row that a stage is tried again because somebody did not answer: with growing pauses, about a minute and a half.</summary>
    private static readonly RetryLimits Retries = new(TimeSpan.FromSeconds(1)) { Growth = DelayBackoffType.Linear, MaxRetries = 12 };

    private readonly RunFeed _feed = new(time);
    private readonly BackgroundWork _work = new();
    private readonly List<Track> _tracks = [];
    private PreservationData? _data;
    private long _clock;

    private PreservationState State => Writer.State;

    private StateWriter<PreservationState> Writer => field ??= new(new PersistentSlot<PreservationState>(storage), DeactivateOnIdle);

    private bool IsUnderWay => State.Stage is not (PreservationStage.Idle or PreservationStage.Completed or PreservationStage.Failed);

    private PreservationSettings Settings => State.Request!.Settings;

    private string Library => this.GetPrimaryKeyString();

    public async Task StartAsync(PreservationRequest request, CancellationToken cancellationToken = default)
    {
        if (State.Request is not null) throw new InvalidOperationException($"Library {Library} exists; resume it, or choose another name.");
        PreservationRules.Check(request.Settings);
        await GoOnReminder.SetAsync(this, ServiceProvider);
        State.Request = request;
        State.StartedAt = time.GetUtcNow();
        State.Stage = request.IsTorchScript ? PreservationStage.Surrogate : PreservationStage.Cut;
        State.SourceDigest = request.IsTorchScript ? null : request.LegacyDigest;
        await Writer.WriteAsync();
        await AnnounceAsync();
        StartDriving();
    }

    public async Task ResumeAsync(CancellationToken cancellationToken = default)
    {
        if (State.Request is null) throw new InvalidOperationException($"There is no preservation {Library}.");
        if (State.Stage is PreservationStage.Failed)
        {
            await _work.EndedAsync();
            State.Stage = PreservationRules.ResumesIn(State.FailedIn);
            State.Error = null;
        }

        if (State.Stage is PreservationStage.Completed) return;
        await GoOnReminder.SetAsync(this, ServiceProvider);
        StartDriving();
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (IsUnderWay) StartDriving(); // being activated did it already
        else await GoOnReminder.ForgetAsync(this, ServiceProvider);
    }

    public Task<PreservationRequest?> GetRequestAsync(CancellationToken cancellationToken = default) => Task.FromResult(State.Request);

    public Task<PreservationProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default) => Task.FromResult(new PreservationProgress
    {
        Stage = State.Stage,
        Tracks = [.. _tracks.Select(track => new PreservationTrack(track.Name, track.Share))],
        Events = _feed.After(afterEvent),
        Error = State.Error,
    });

    public Task<PreservationReport?> GetReportAsync(CancellationToken cancellationToken = default)
    {
        if (State.Stage is not PreservationStage.Completed) return Task.FromResult<PreservationReport?>(null);
        var architecture = ArchitectureCatalog.Parse(Settings.Architecture);
        return Task.FromResult<PreservationReport?>(new PreservationReport
        {
            Library = Library,
            Request = State.Request!,
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
        });
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // A preservation whose silo died goes on wherever it is looked at next.
        if (IsUnderWay) StartDriving();
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _work.StopAsync();

    private void StartDriving() => _work.Start(DriveAsync, FailAsync, DeactivateOnIdle);

    private async Task DriveAsync()
    {
        DelayDeactivation(LongestWork);
        _clock = Stopwatch.GetTimestamp();
        using var activity = DmkdTelemetry.StartPreserve(Library);
        _data = new PreservationData(await datasets.GetAsync(Settings.Data), Settings);
        var retry = Resilience.TransientStep(time, Retries, Retrying);
        while (State.Stage is not (PreservationStage.Completed or PreservationStage.Failed)) await retry.DoAsync(StepAsync, _work.Token);
    }

    private void Retrying(RetryNotice retry)
    {
        LogRetried(logger, retry.Problem, Library, State.Stage, retry.Attempt);
        _feed.Add($"{State.Stage} is tried again: {retry.Problem.Message.Split('\n', 2)[0].Trim()}");
    }

    private async Task FailAsync(Exception exception, string reason)
    {
        LogFailed(logger, exception, Library, State.Stage);
        State.Error = $"Stage {State.Stage}: {reason}";
        State.FailedIn = State.Stage;
        _feed.Add(State.Error);
        await MoveToAsync(PreservationStage.Failed);
    }

    private Task StepAsync() => State.Stage switch
    {
        PreservationStage.Surrogate => DistilSurrogateAsync(),
        PreservationStage.Cut => CutAsync(),
        PreservationStage.Distil => DistilAsync(),
        PreservationStage.Publish => PublishAsync(),
        _ => throw new UnreachableException($"Stage {State.Stage} has no step."),
    };

    /// <summary>Makes what was reached, and the stage to go on with, durable together.</summary>
    private async Task MoveToAsync(PreservationStage next)
    {
        State.WallSeconds += Stopwatch.GetElapsedTime(_clock).TotalSeconds;
        _clock = Stopwatch.GetTimestamp();
        bool ends = next != State.Stage && next is PreservationStage.Completed or PreservationStage.Failed;
        State.Stage = next;
        await Writer.WriteAsync();
        if (ends) await AnnounceAsync();
    }

    private Task AnnounceAsync() => GrainFactory.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key).RecordRunAsync(new RunSummary
    {
        RunId = Library,
        Library = Library,
        Data = Settings.Data,
        Phase = State.Stage switch
        {
            PreservationStage.Completed => RunPhase.Completed,
            PreservationStage.Failed => RunPhase.Failed,
            _ => RunPhase.Preserve,
        },
        StartedAt = State.StartedAt,
    });

    private Track Begin(string name)
    {
        var track = new Track(name);
        _tracks.RemoveAll(known => known.Name == name); // after a resumption
        _tracks.Add(track);
        return track;
    }

    private void Spent(string kind, TimeSpan deviceTime)
    {
        devices.Instruments.DeviceUsed(kind, deviceTime);
        State.DeviceSeconds += deviceTime.TotalSeconds;
    }
}
