using System.Diagnostics;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Merging;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;
using Polly;

namespace Dmkd.Grains.Nodes;

/// <summary>
/// Takes part in rounds: trains a module on the node's data and submits the update (proposal 3.4.1). A trained update
/// is stored before it is sent, so that a node that dies sends the same bytes again. Knows nothing of Orleans, so that
/// tests/Dmkd.Chaos can run it under simulated faults.
/// </summary>
internal sealed partial class NodeParticipant(
    string nodeId,
    IStateSlot<NodeState> slot,
    INodeWork work,
    IWeightStore weights,
    INodeContacts contacts,
    TimeProvider time,
    ILogger logger,
    Action onBroken
) : IDisposable
{
    private const int MaxRetries = 4;

    private readonly StateWriter<NodeState> _writer = new(slot, onBroken);
    private readonly Dictionary<string, RunningWork> _running = [];
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>How long the node waits between two looks at its coordinator.</summary>
    public TimeSpan PollPeriod { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>What the work says of itself. Borrowed.</summary>
    public required DmkdInstruments Instruments { get; init; }

    private NodeState State => _writer.State;

    /// <summary>
    /// Begins a local update. A repeat of running work changes nothing, and an older round's request neither; a repeat
    /// of finished work submits its update again, for a coordinator that could not use it the first time.
    /// </summary>
    /// <returns>Whether work was begun.</returns>
    public bool Start(LocalUpdateRequest request)
    {
        bool isFinished = NodeRules.Finished(State, request.WorkKey) is not null;
        if ((isFinished && !request.SubmitsDelta) || NodeRules.IsOutdated(State, request))
            return false;
        if (_running.TryGetValue(request.WorkKey, out var known) && known.Error is null)
            return false;
        foreach (
            var other in _running
                .Values.Where(other => other.Module == HeldKeyOf(request) && other.Round < request.Round)
                .ToArray()
        )
            other.Cancel();
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
            return new LocalUpdateStatus
            {
                State = state,
                Progress = running.Progress,
                Error = running.Error,
            };
        }

        return NodeRules.Finished(State, workKey) is { } held
            ? new LocalUpdateStatus
            {
                State = WorkState.Completed,
                Progress = 1,
                Report = held.Report,
            }
            : new LocalUpdateStatus { State = WorkState.Unknown, IsOutdated = NodeRules.IsOutdated(State, workKey) };
    }

    /// <summary>The module as the node holds it; null when it does not.</summary>
    public HeldModule? HeldOf(RunSettings settings, ModuleDescriptor module) =>
        State.Held.GetValueOrDefault(NodeRules.HeldKeyOf(settings, module));

    /// <summary>Ends all work; what is stored is where the next activation goes on.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private static string HeldKeyOf(LocalUpdateRequest request) =>
        NodeRules.HeldKeyOf(request.Settings, request.Module);

    private async Task RunAsync(LocalUpdateRequest request, RunningWork running)
    {
        using var activity = DmkdTelemetry.StartLocalUpdate(
            request.Trace,
            request.RunId,
            request.Module.Name,
            nodeId,
            request.Round
        );
        try
        {
            var report = await UpdateAsync(request, running);
            Instruments.Updated(request.Module.Key, report.MeanLoss);
            LogUpdated(
                logger,
                request.Module.Name,
                nodeId,
                request.Round + 1,
                report.SampleCount,
                report.MeanLoss,
                report.DeviceSeconds
            );
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
            if (_writer.IsBroken)
                return; // the next activation goes on
            running.Error =
                $"Node {nodeId}, module {request.Module.Name}, round {request.Round + 1}: "
                + e.Message.Split('\n', 2)[0].Trim();
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            LogFailed(logger, e, request.Module.Name, nodeId, request.Round + 1);
        }
#pragma warning restore CA1031
    }

    private void Forget(LocalUpdateRequest request, RunningWork running)
    {
        if (_running.GetValueOrDefault(request.WorkKey) == running)
            _running.Remove(request.WorkKey);
        running.Dispose();
    }

    private async Task<LocalUpdateReport> UpdateAsync(LocalUpdateRequest request, RunningWork running)
    {
        var held = State.Held.GetValueOrDefault(HeldKeyOf(request));
        TrainedUpdate? trained = null;
        if (!NodeRules.HasResult(held, request))
            (held, trained) = await TrainAsync(request, held, running);
        if (request.SubmitsDelta)
            await ContributeAsync(request, held!, trained, running.Token);
        held!.IsDone = true;
        await StoreAsync(request, held, running.Token);
        return held.Report!;
    }

    /// <summary>Stores a piece of work, unless a later round has begun.</summary>
    private async Task StoreAsync(LocalUpdateRequest request, HeldModule held, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        State.Held[HeldKeyOf(request)] = held;
        await _writer.WriteAsync();
    }

    private async Task<(HeldModule Held, TrainedUpdate Trained)> TrainAsync(
        LocalUpdateRequest request,
        HeldModule? before,
        RunningWork running
    )
    {
        // The last update may have been merged or not: the module's history knows.
        string? residual = before?.NextResidual is null
            ? before?.Residual
            : NodeRules.ResidualAfter(before, nodeId, await HistoryUpToAsync(request, running.Token));
        var trained = await work.TrainAsync(
            request,
            before,
            NodeRules.StartingDigest(State, request),
            residual,
            share => running.Progress = share,
            running.Token
        );
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
                Accuracy = trained.Accuracy,
                DeviceSeconds = trained.DeviceTime.TotalSeconds,
                DownloadedBytes = trained.DownloadedBytes,
            },
        };
        if (request.Merging is { } options && options.Exchange().HasSharedBasis)
        {
            held.Trained = await weights.PutAsync(trained.Update!);
            await StoreAsync(request, held, running.Token);
        }

        return (held, trained);
    }

    /// <summary>The module's versions, at least up to the request's base.</summary>
    private Task<IReadOnlyList<ModuleVersion>> HistoryUpToAsync(
        LocalUpdateRequest request,
        CancellationToken cancellationToken
    ) =>
        RetryOf(request)
            .AskAsync(() => contacts.HistoryAsync(request.Module.Key, request.Base.Number), cancellationToken);

    private Resilience RetryOf(LocalUpdateRequest request) =>
        Resilience.TransientCall(
            time,
            new RetryLimits(2 * PollPeriod) { Growth = DelayBackoffType.Exponential, MaxRetries = MaxRetries },
            retry => LogRetried(logger, retry.Problem, request.Module.Name, nodeId, request.Round + 1, retry.Attempt)
        );

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Module {ModuleId}: node {NodeId} finished round {Round} on {Samples} images, loss "
            + "{Loss:F3}, {DeviceSeconds:F1} device seconds"
    )]
    private static partial void LogUpdated(
        ILogger logger,
        string moduleId,
        string nodeId,
        int round,
        long samples,
        double loss,
        double deviceSeconds
    );

    [LoggerMessage(Level = LogLevel.Error, Message = "Module {ModuleId}: node {NodeId} failed in round {Round}")]
    private static partial void LogFailed(
        ILogger logger,
        Exception exception,
        string moduleId,
        string nodeId,
        int round
    );

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Module {ModuleId}: node {NodeId} submits round {Round} again after attempt {Attempt}"
    )]
    private static partial void LogRetried(
        ILogger logger,
        Exception exception,
        string moduleId,
        string nodeId,
        int round,
        int attempt
    );
}
