using System.Diagnostics;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Data;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Storage;
using Dmkd.Grains.Telemetry;
using Dmkd.Grains.Wire;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Dmkd.Grains.Nodes;

/// <summary>Trains modules on the node's data, on its silo's device, and submits compressed updates.</summary>
internal sealed partial class NodeGrain(
    [PersistentState(StorageNames.Node, StorageNames.Provider)] IPersistentState<NodeState> storage,
    IWeightStore weights, DatasetCache datasets, SiloDevices devices, ILogger<NodeGrain> logger) : Grain, INodeGrain
{
    private const int MaxSubmissionAttempts = 5;
    private static readonly TimeSpan LongestUpdate = TimeSpan.FromHours(6);

    private readonly Dictionary<string, RunningWork> _running = [];
    private readonly CancellationTokenSource _stopping = new();

    private string NodeId => this.GetPrimaryKeyString();

    public Task StartLocalUpdateAsync(LocalUpdateRequest request, CancellationToken cancellationToken = default)
    {
        if (NodeRules.Finished(storage.State, request.WorkKey) is not null) return Task.CompletedTask;
        if (_running.TryGetValue(request.WorkKey, out var known) && known.Error is null) return Task.CompletedTask;
        var work = new RunningWork();
        _running[request.WorkKey] = work;
        DelayDeactivation(LongestUpdate);
        work.Task = RunAsync(request, work);
        return Task.CompletedTask;
    }

    public Task<LocalUpdateStatus> GetLocalUpdateAsync(string workKey, CancellationToken cancellationToken = default)
    {
        if (NodeRules.Finished(storage.State, workKey) is { } held)
            return Task.FromResult(new LocalUpdateStatus { State = WorkState.Completed, Progress = 1, Report = held.Report });
        if (!_running.TryGetValue(workKey, out var work)) return Task.FromResult(new LocalUpdateStatus { State = WorkState.Unknown });
        var state = work.Error is null ? WorkState.Running : WorkState.Failed;
        return Task.FromResult(new LocalUpdateStatus { State = state, Progress = work.Progress, Error = work.Error });
    }

    public async Task<EntropyReport> MeasureEntropyAsync(EntropyRequest request, CancellationToken cancellationToken = default)
    {
        byte[] content = await FetchAsync(request.Module.Name, request.Version.Digest);
        var data = new RunData(await datasets.GetAsync(request.Settings.Data), request.Settings);
        var calibration = data.CalibrationOf(request.Task, request.NodeIndex);
        var (entropy, time) = await devices.Serving.RunAsync(job => LocalWork.Entropy(job, request, content, calibration), cancellationToken);
        DmkdTelemetry.DeviceUsed("entropy", time);
        return new EntropyReport(entropy.Total, entropy.Count, time.TotalSeconds, content.Length);
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        _stopping.Dispose();
    }

    private async Task RunAsync(LocalUpdateRequest request, RunningWork work)
    {
        using var activity = DmkdTelemetry.StartLocalUpdate(request.RunId, request.Module.Name, NodeId, request.Round);
        try
        {
            var report = await UpdateAsync(request, work, activity?.Context ?? default);
            LogUpdated(logger, request.Module.Name, NodeId, request.Round, report.SampleCount, report.MeanLoss, report.DeviceSeconds);
            _running.Remove(request.WorkKey);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The silo stops; the work is unknown to the next activation and is asked for again.
        }
        catch (InconsistentStateException)
        {
            DeactivateOnIdle(); // another activation went further; nobody awaits this task, so the runtime does not do it for us
        }
#pragma warning disable CA1031 // nobody awaits this work: whatever went wrong is its result, told to whoever asks
        catch (Exception e)
        {
            work.Error = $"Node {NodeId}, module {request.Module.Name}, round {request.Round}: {e.Message}";
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            LogFailed(logger, e, request.Module.Name, NodeId, request.Round);
        }
#pragma warning restore CA1031
    }

    private async Task<LocalUpdateReport> UpdateAsync(LocalUpdateRequest request, RunningWork work, ActivityContext parent)
    {
        var data = new RunData(await datasets.GetAsync(request.Settings.Data), request.Settings);
        string startingDigest = NodeRules.StartingDigest(storage.State, request);
        byte[] baseWeights = await FetchAsync(request.Module.Name, request.Base.Digest);
        byte[] starting = startingDigest == request.Base.Digest ? baseWeights : await weights.GetAsync(startingDigest);
        byte[]? teacher = request.Settings.Lambda <= 0 ? null : request.Teacher is { } legacy ? await weights.GetAsync(legacy.Digest) : baseWeights;

        var input = new LocalWorkInput(request, data.ShardOf(request.Task, request.NodeIndex), starting, baseWeights, teacher, parent);
        var result = await devices.Training.RunAsync(job => LocalWork.Update(job, input, share => work.Progress = share), _stopping.Token);
        DmkdTelemetry.DeviceUsed("local update", result.DeviceTime);

        if (result.Delta is { } delta)
        {
            if (delta.ValueBytes > DeltaSubmission.MaxValueBytes)
                throw new InvalidOperationException($"the update takes {delta.ValueBytes:N0} bytes; a message may have {DeltaSubmission.MaxValueBytes:N0}. Use a lower rank.");
            await SubmitAsync(request, result.SampleCount, DeltaWire.ToWire(delta));
        }

        var report = new LocalUpdateReport
        {
            SampleCount = result.SampleCount,
            MeanLoss = result.MeanLoss,
            DeviceSeconds = result.DeviceTime.TotalSeconds,
            // Between merges the node goes on from its own weights: the base is fetched once per version.
            DownloadedBytes = (startingDigest == request.Base.Digest ? baseWeights.Length : 0) + (request.Teacher is null ? 0 : teacher?.Length ?? 0),
        };
        storage.State.Held[request.Module.Name] = new HeldModule
        {
            WorkKey = request.WorkKey,
            Round = request.Round,
            BaseVersion = request.Base.Number,
            LocalDigest = result.LocalWeights is { } local ? await weights.PutAsync(local) : null,
            Report = report,
        };
        await storage.WriteStateAsync();
        return report;
    }

    /// <summary>Submits until the coordinator answers; a repeat is answered as a duplicate, so trying again is safe.</summary>
    private async Task SubmitAsync(LocalUpdateRequest request, long sampleCount, Contracts.Wire.TensorPayload[] tensors)
    {
        var coordinator = GrainFactory.GetGrain<IMergeCoordinatorGrain>(request.Module.Key);
        var submission = new DeltaSubmission
        {
            RunId = request.RunId,
            Round = request.Round,
            NodeId = NodeId,
            BaseVersion = request.Base.Number,
            SampleCount = sampleCount,
            Tensors = tensors,
        };
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                var receipt = await coordinator.SubmitAsync(submission, _stopping.Token);
                if (receipt.Outcome is SubmissionOutcome.Refused) throw new InvalidOperationException(receipt.Reason);
                if (receipt.Outcome is not (SubmissionOutcome.Accepted or SubmissionOutcome.Duplicate))
                    LogIgnored(logger, request.Module.Name, NodeId, request.Round, receipt.Outcome, receipt.Reason ?? "");
                return;
            }
            catch (Exception e) when (e is TimeoutException or OrleansException && attempt < MaxSubmissionAttempts)
            {
                LogRetried(logger, e, request.Module.Name, NodeId, request.Round, attempt);
            }
        }
    }

    private async Task<byte[]> FetchAsync(string module, string digest)
    {
        byte[] content = await weights.GetAsync(digest);
        DmkdTelemetry.WeightsFetched(module, content.Length);
        return content;
    }

    private sealed class RunningWork
    {
        /// <summary>Share done, written by the lane and read by the grain.</summary>
        public double Progress { get => Volatile.Read(ref field); set => Volatile.Write(ref field, value); }

        public string? Error { get; set; }

        public Task Task { get; set; } = Task.CompletedTask;
    }
}
