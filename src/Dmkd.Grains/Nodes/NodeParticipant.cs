using System.Diagnostics;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Wire;
using Dmkd.Grains.Runs;
using Dmkd.Grains.Storage;
using Dmkd.Grains.Telemetry;
using Dmkd.Grains.Wire;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Nodes;

/// <summary>
/// Takes part in rounds: trains a module on the node's data and submits the update (proposal 3.4.1). A trained update is stored before
/// it is sent, so that a node that dies sends the same bytes again. Knows nothing of Orleans, so that tests/Dmkd.Chaos can run it under
/// simulated faults.
/// </summary>
internal sealed partial class NodeParticipant(
    string nodeId, IStateSlot<NodeState> slot, INodeWork work, IWeightStore weights, INodeContacts contacts, ISubmissionCodec codec, TimeProvider time,
    ILogger logger, Action onBroken) : IDisposable
{
    private const int MostAttempts = 5;

    private readonly StateWriter<NodeState> _writer = new(slot, onBroken);
    private readonly Dictionary<string, RunningWork> _running = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>How long the node waits between two looks at its coordinator.</summary>
    public TimeSpan PollPeriod { get; init; } = TimeSpan.FromMilliseconds(50);

    private NodeState State => _writer.State;

    /// <summary>
    /// Begins a local update. A repeat of running work changes nothing, and an older round's request neither; a repeat of finished work
    /// submits its update again, for a coordinator that could not use it the first time.
    /// </summary>
    /// <returns>Whether work was begun.</returns>
    public bool Start(LocalUpdateRequest request)
    {
        bool isFinished = NodeRules.Finished(State, request.WorkKey) is not null;
        if ((isFinished && !request.SubmitsDelta) || NodeRules.IsOutdated(State, request)) return false;
        if (_running.TryGetValue(request.WorkKey, out var known) && known.Error is null) return false;
        foreach (var other in _running.Values.Where(other => other.Module == request.Module.Name && other.Round < request.Round).ToArray()) other.Cancel();
        var running = new RunningWork(request, _stopping.Token);
        _running[request.WorkKey] = running;
        running.Task = RunAsync(request, running);
        return true;
    }

    /// <summary>Where a local update is.</summary>
    public LocalUpdateStatus Status(string workKey)
    {
        if (_running.TryGetValue(workKey, out var running))
        {
            var state = running.Error is null ? WorkState.Running : WorkState.Failed;
            return new LocalUpdateStatus { State = state, Progress = running.Progress, Error = running.Error };
        }

        return NodeRules.Finished(State, workKey) is { } held
            ? new LocalUpdateStatus { State = WorkState.Completed, Progress = 1, Report = held.Report }
            : new LocalUpdateStatus { State = WorkState.Unknown, IsOutdated = NodeRules.IsOutdated(State, workKey) };
    }

    /// <summary>The module as the node holds it; null when it does not.</summary>
    public HeldModule? HeldOf(string module) => State.Held.GetValueOrDefault(module);

    /// <summary>Ends all work; what is stored is where the next activation goes on.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task RunAsync(LocalUpdateRequest request, RunningWork running)
    {
        using var activity = DmkdTelemetry.StartLocalUpdate(request.RunId, request.Module.Name, nodeId, request.Round);
        try
        {
            var report = await UpdateAsync(request, running);
            LogUpdated(logger, request.Module.Name, nodeId, request.Round, report.SampleCount, report.MeanLoss, report.DeviceSeconds);
            Forget(request, running);
        }
        catch (OperationCanceledException) when (running.IsCancelled)
        {
            // The silo stops, or a later round has begun; the work is unknown from here on and can be asked for again.
            Forget(request, running);
        }
#pragma warning disable CA1031 // nobody awaits this work: whatever went wrong is its result, told to whoever asks
        catch (Exception e)
        {
            if (_writer.IsBroken) return; // the next activation goes on
            running.Error = $"Node {nodeId}, module {request.Module.Name}, round {request.Round}: {e.Message.Split('\n', 2)[0].Trim()}";
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            LogFailed(logger, e, request.Module.Name, nodeId, request.Round);
        }
#pragma warning restore CA1031
    }

    private void Forget(LocalUpdateRequest request, RunningWork running)
    {
        if (_running.GetValueOrDefault(request.WorkKey) == running) _running.Remove(request.WorkKey);
        running.Dispose();
    }

    private async Task<LocalUpdateReport> UpdateAsync(LocalUpdateRequest request, RunningWork running)
    {
        var held = State.Held.GetValueOrDefault(request.Module.Name);
        byte[]? update = null;
        if (held?.WorkKey != request.WorkKey) (held, update) = await TrainAsync(request, held, running);
        if (request.SubmitsDelta) await ContributeAsync(request, held, update, running.Token);
        held.IsDone = true;
        await StoreAsync(request, held, running.Token);
        return held.Report!;
    }

    /// <summary>Stores a piece of work, unless a later round has begun.</summary>
    private async Task StoreAsync(LocalUpdateRequest request, HeldModule held, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        State.Held[request.Module.Name] = held;
        await _writer.WriteAsync();
    }

    private async Task<(HeldModule Held, byte[]? Update)> TrainAsync(LocalUpdateRequest request, HeldModule? before, RunningWork running)
    {
        // The last update may have been merged or not: the module's history knows.
        string? residual = before?.NextResidual is null ? before?.Residual
            : NodeRules.ResidualAfter(before, nodeId, await HistoryUpToAsync(request, running.Token));
        var trained = await work.TrainAsync(
            request, before, NodeRules.StartingDigest(State, request), residual, share => running.Progress = share, running.Token);
        var held = new HeldModule
        {
            WorkKey = request.WorkKey,
            RunId = request.RunId,
            Round = request.Round,
            BaseVersion = request.Base.Number,
            BaseDigest = request.Base.Digest,
            LocalDigest = trained.LocalWeights is { } local ? await weights.PutAsync(local) : null,
            Residual = residual,
            IsDone = false,
            Report = new LocalUpdateReport
            {
                SampleCount = trained.SampleCount,
                MeanLoss = trained.MeanLoss,
                DeviceSeconds = trained.DeviceTime.TotalSeconds,
                DownloadedBytes = trained.DownloadedBytes,
            },
        };
        if (request.SubmitsDelta && OptionsOf(request).HasSharedBasis)
        {
            held.Trained = await weights.PutAsync(trained.Update!);
            await StoreAsync(request, held, running.Token);
        }

        return (held, trained.Update);
    }

    /// <summary>The module's versions, at least up to the request's base.</summary>
    private async Task<IReadOnlyList<ModuleVersion>> HistoryUpToAsync(LocalUpdateRequest request, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await contacts.HistoryAsync(request.Module.Key, request.Base.Number);
            }
            catch (Exception e) when (e is TimeoutException or OrleansException && attempt < MostAttempts)
            {
                LogRetried(logger, e, request.Module.Name, nodeId, request.Round, attempt);
            }

            await Task.Delay(PollPeriod * (1 << attempt), time, cancellationToken);
        }
    }

    /// <summary>Sends the update, packed and stored first; a repeat sends the same bytes.</summary>
    private async Task ContributeAsync(LocalUpdateRequest request, HeldModule held, byte[]? update, CancellationToken cancellationToken)
    {
        if (held.Submission is not { } digest)
        {
            update ??= await weights.GetAsync(held.Trained!, cancellationToken);
            var basis = OptionsOf(request).HasSharedBasis ? await ShareBasisAsync(request, held, update, cancellationToken) : null;
            if (basis is null && OptionsOf(request).HasSharedBasis) return; // the round ended without this node
            var packed = await work.PackAsync(request, update, basis, cancellationToken);
            held.BasisDigest = basis?.Digest;
            held.Report = held.Report! with
            {
                DeviceSeconds = held.Report.DeviceSeconds + packed.DeviceTime.TotalSeconds,
                DownloadedBytes = held.Report.DownloadedBytes + (basis?.Bytes ?? 0),
            };
            held.NextResidual = packed.Residual is { } residual ? await weights.PutAsync(residual, cancellationToken) : null;
            digest = await weights.PutAsync(codec.Encode(SubmissionOf(request, held, SubmissionKind.Update, packed.Tensors)), cancellationToken);
            held.Submission = digest;
            await StoreAsync(request, held, cancellationToken);
        }

        await SubmitAsync(request, codec.Decode(await weights.GetAsync(digest, cancellationToken)), cancellationToken);
    }

    /// <summary>Sends the node's part of the shared basis and waits for the whole; null when the round ended meanwhile.</summary>
    private async Task<StoredBlob?> ShareBasisAsync(LocalUpdateRequest request, HeldModule held, byte[] update, CancellationToken cancellationToken)
    {
        var coordinator = contacts.CoordinatorOf(request.Module.Key);
        var limit = time.GetUtcNow() + request.BasisWait;
        bool isSent = false;
        while (time.GetUtcNow() < limit)
        {
            var status = await AskAsync(() => coordinator.GetRoundAsync(request.RunId, request.Round, cancellationToken));
            if (status?.Basis is { } basis) return basis;
            if (status?.CurrentRound > request.Round) return null;
            if (status?.Phase is MergePhase.Merging or MergePhase.Publishing or MergePhase.Closed or MergePhase.Rejected or MergePhase.Failed) return null;
            if (!isSent && status?.Phase is MergePhase.Projecting)
            {
                var part = await work.ProjectAsync(request, update, cancellationToken);
                await SubmitAsync(request, SubmissionOf(request, held, SubmissionKind.Projection, part), cancellationToken);
                isSent = true;
            }

            await Task.Delay(PollPeriod, time, cancellationToken);
        }

        throw new TimeoutException($"the round's shared basis was not there within {request.BasisWait}");
    }

    private static async Task<MergeRoundStatus?> AskAsync(Func<Task<MergeRoundStatus>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            return null; // asked again until the limit
        }
    }

    private DeltaSubmission SubmissionOf(LocalUpdateRequest request, HeldModule held, SubmissionKind kind, TensorPayload[] tensors) => new()
    {
        RunId = request.RunId,
        Round = request.Round,
        NodeId = nodeId,
        BaseVersion = request.Base.Number,
        BaseDigest = request.Base.Digest,
        SampleCount = held.Report!.SampleCount,
        DeviceSeconds = held.Report.DeviceSeconds,
        DownloadedBytes = held.Report.DownloadedBytes,
        Kind = kind,
        Tensors = tensors,
    };

    /// <summary>Submits until the coordinator answers; a repeat is answered as a duplicate, so trying again is safe.</summary>
    private async Task SubmitAsync(LocalUpdateRequest request, DeltaSubmission submission, CancellationToken cancellationToken)
    {
        var coordinator = contacts.CoordinatorOf(request.Module.Key);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                var receipt = await coordinator.SubmitAsync(submission, cancellationToken);
                if (receipt.Outcome is SubmissionOutcome.Refused) throw new InvalidOperationException(receipt.Reason);
                if (receipt.Outcome is not (SubmissionOutcome.Accepted or SubmissionOutcome.Duplicate))
                    LogIgnored(logger, request.Module.Name, nodeId, request.Round, receipt.Outcome, receipt.Reason ?? "");
                return;
            }
            catch (Exception e) when (e is TimeoutException or OrleansException && attempt < MostAttempts)
            {
                LogRetried(logger, e, request.Module.Name, nodeId, request.Round, attempt);
                await Task.Delay(PollPeriod * (1 << attempt), time, cancellationToken);
            }
        }
    }

    private static MergeOptions OptionsOf(LocalUpdateRequest request) => RunRules.MergeOptions(request.Settings, request.Round);
}
