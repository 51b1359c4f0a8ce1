using Dmkd.Contracts.Legacy;
using Dmkd.Grains.Data;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Lifecycle;
using Dmkd.Grains.Storage;
using Dmkd.Grains.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Legacy;

/// <summary>Trains a legacy model and takes it apart into experts; each stage is stored before the next begins.</summary>
internal sealed partial class LegacyModelGrain(
    [PersistentState(StorageNames.LegacyModel, StorageNames.Provider)] IPersistentState<LegacyModelState> storage,
    IWeightStore weights, DatasetCache datasets, SiloDevices devices, ILogger<LegacyModelGrain> logger) : Grain, ILegacyModelGrain
{
    private static readonly TimeSpan LongestWork = TimeSpan.FromHours(6);

    private readonly BackgroundWork _work = new();
    private double _progress;

    private LegacyModelState State => storage.State;

    public async Task StartAsync(LegacyPlan plan, CancellationToken cancellationToken = default)
    {
        if (State.Plan is { } known && known.RunId != plan.RunId)
            throw new InvalidOperationException($"Legacy model {this.GetPrimaryKeyString()} belongs to run {known.RunId}, not {plan.RunId}.");
        if (State.Stage is LegacyStage.Failed) await _work.EndedAsync();
        if (State.Stage is LegacyStage.Completed || _work.IsRunning) return;
        if (State.Plan is null || State.Stage is LegacyStage.Failed)
        {
            State.Plan = plan;
            State.Stage = State.Model is null ? LegacyStage.Training : LegacyStage.Preserving;
            State.Error = null;
            await storage.WriteStateAsync(cancellationToken);
        }

        _work.Start(RunAsync, FailAsync, DeactivateOnIdle);
    }

    public Task<LegacyStatus> GetStatusAsync(CancellationToken cancellationToken = default) => Task.FromResult(new LegacyStatus
    {
        Stage = State.Stage,
        Progress = Volatile.Read(ref _progress),
        Model = State.Model,
        Experts = State.Experts,
        Features = State.Features,
        DeviceSeconds = State.DeviceSeconds,
        Error = State.Error,
    });

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Its run looks at it and asks for nothing more: work whose silo was asked to end, or that could not be stored, goes on here.
        if (State.Plan is not null && State.Stage is (LegacyStage.Training or LegacyStage.Preserving)) _work.Start(RunAsync, FailAsync, DeactivateOnIdle);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _work.StopAsync();

    private async Task RunAsync()
    {
        DelayDeactivation(LongestWork);
        using var activity = DmkdTelemetry.StartPreserve(State.Plan!.RunId);
        var data = new RunData(await datasets.GetAsync(State.Plan.Settings.Data), State.Plan.Settings);
        if (State.Stage is LegacyStage.Training) await TrainAsync(data);
        await PreserveAsync(data);
    }

    /// <summary>Tells whoever asks; the stored stage stays the one to go on with.</summary>
    private Task FailAsync(Exception exception, string reason)
    {
        LogFailed(logger, exception, this.GetPrimaryKeyString(), State.Stage);
        State.Error = $"Preservation, stage {State.Stage}: {reason}";
        State.Stage = LegacyStage.Failed;
        return Task.CompletedTask;
    }

    private async Task TrainAsync(RunData data)
    {
        var settings = State.Plan!.Settings;
        int[] classes = data.ClassesUpTo(settings.Legacy.Tasks - 1);
        var training = data.LegacyTraining();
        var test = RunData.Relabel(data.TestOf(classes), classes);
        var trained = await devices.Training.RunAsync(job => LegacyWork.Train(job, settings, training, test, classes.Length, Report), _work.Token);
        DmkdTelemetry.DeviceUsed("legacy training", trained.DeviceTime);
        State.Model = new LegacyModel(trained.Architecture, await weights.PutAsync(trained.Weights), trained.Accuracy);
        State.DeviceSeconds += trained.DeviceTime.TotalSeconds;
        State.Stage = LegacyStage.Preserving;
        await storage.WriteStateAsync();
        LogTrained(logger, this.GetPrimaryKeyString(), trained.Architecture, trained.Accuracy);
    }

    private async Task PreserveAsync(RunData data)
    {
        Report(0);
        var settings = State.Plan!.Settings;
        var model = State.Model!;
        byte[] content = await weights.GetAsync(model.Digest);
        var calibration = data.LegacyCalibration();
        var training = data.LegacyTraining();
        int[] classes = data.ClassesUpTo(settings.Legacy.Tasks - 1);
        // The legacy model's outputs are in class order, so a class's output is its place among the legacy classes.
        int[][] groups = [.. Enumerable.Range(0, settings.Legacy.Tasks).Select(task => data.Tasks.ClassesOf(task).Select(c => Array.IndexOf(classes, c)).ToArray())];
        var (cut, features, time) = await devices.Training.RunAsync(
            job => LegacyWork.Preserve(job, settings, model.Architecture, content, calibration, training, groups, Report), _work.Token);
        DmkdTelemetry.DeviceUsed("preservation", time);

        var experts = new PreservedExpert[cut.Length];
        for (int task = 0; task < cut.Length; task++)
        {
            experts[task] = new PreservedExpert
            {
                Task = task,
                Cluster = cut[task].Cluster,
                Architecture = cut[task].Architecture,
                Digest = await weights.PutAsync(cut[task].Weights),
                Bytes = cut[task].Weights.Length,
                ImportanceShare = cut[task].ImportanceShare,
            };
        }

        State.Experts = experts;
        State.Features = features is { } kept ? new LegacyFeatures(kept.Architecture, await weights.PutAsync(kept.Weights)) : null;
        State.DeviceSeconds += time.TotalSeconds;
        State.Stage = LegacyStage.Completed;
        await storage.WriteStateAsync();
        LogPreserved(logger, this.GetPrimaryKeyString(), experts.Length);
    }

    /// <summary>Called by a lane.</summary>
    private void Report(double share) => Volatile.Write(ref _progress, share);
}
