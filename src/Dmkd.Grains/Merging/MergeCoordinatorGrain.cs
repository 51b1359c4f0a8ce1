using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Storage;
using Dmkd.Grains.Telemetry;
using Microsoft.Extensions.Logging;
using Orleans.Serialization;
using Orleans.Storage;

namespace Dmkd.Grains.Merging;

/// <summary>Collects the updates of a module's nodes, averages them and publishes the new version; every step is stored before it is told.</summary>
internal sealed partial class MergeCoordinatorGrain(
    [PersistentState(StorageNames.MergeCoordinator, StorageNames.Provider)] IPersistentState<MergeCoordinatorState> storage,
    IWeightStore weights, SiloDevices devices, Serializer serializer, TimeProvider time, ILogger<MergeCoordinatorGrain> logger)
    : Grain, IMergeCoordinatorGrain
{
    private static readonly TimeSpan DeadlineCheckPeriod = TimeSpan.FromSeconds(1);

    private Task? _merge;
    private bool _storingResult;

    private MergeCoordinatorState State => storage.State;

    private string ModuleKey => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(CheckDeadlineAsync, new GrainTimerCreationOptions(DeadlineCheckPeriod, DeadlineCheckPeriod) { KeepAlive = false });
        if (State.Phase is MergePhase.Merging || MergeRules.IsComplete(State)) StartMerge();
        return Task.CompletedTask;
    }

    public async Task OpenRoundAsync(MergeRoundPlan plan, CancellationToken cancellationToken = default)
    {
        var effect = MergeRules.EffectOf(State, plan, ModuleKey);
        if (effect is PlanEffect.None) return;
        if (effect is PlanEffect.Opens) State.Accepted = [];
        State.Plan = plan;
        State.Phase = MergePhase.Collecting;
        State.Result = null;
        State.Error = null;
        State.DeviceSeconds = 0;
        await storage.WriteStateAsync(cancellationToken);
        if (MergeRules.IsComplete(State)) StartMerge();
    }

    public async Task<SubmissionReceipt> SubmitAsync(DeltaSubmission submission, CancellationToken cancellationToken = default)
    {
        var receipt = MergeRules.Classify(State, submission);
        byte[] content = serializer.SerializeToArray(submission);
        var (problem, denseBytes) = receipt.Outcome is SubmissionOutcome.Accepted ? await CheckAsync(submission) : (null, 0);
        if (problem is not null)
            receipt = new SubmissionReceipt(SubmissionOutcome.Refused, $"module {ModuleKey}, node {submission.NodeId}, round {submission.Round}: {problem}");
        DmkdTelemetry.DeltaReceived(ModuleKey, receipt.Outcome.ToString(), content.Length);
        if (receipt.Outcome is not SubmissionOutcome.Accepted)
        {
            LogNotAccepted(logger, ModuleKey, submission.NodeId, submission.Round, receipt.Outcome, receipt.Reason ?? "");
            return receipt;
        }

        State.Accepted[submission.NodeId] = new AcceptedDelta(await weights.PutAsync(content, cancellationToken), content.Length, denseBytes, submission.SampleCount);
        await storage.WriteStateAsync(cancellationToken);
        if (MergeRules.IsComplete(State)) StartMerge();
        return receipt;
    }

    public Task<MergeRoundStatus> GetRoundAsync(string runId, int round, CancellationToken cancellationToken = default)
    {
        var status = MergeRules.Status(State, runId, round);
        // This call interleaves with the write of the result, and what is not stored is not told.
        return Task.FromResult(_storingResult && status.Phase is MergePhase.Closed ? status with { Phase = MergePhase.Merging, Result = null } : status);
    }

    private async Task<(string? Problem, long DenseBytes)> CheckAsync(DeltaSubmission submission)
    {
        byte[] content = await weights.GetAsync(State.Plan!.Base.Digest);
        return await devices.Serving.RunAsync(_ => MergeWork.Check(content, submission));
    }

    private async Task CheckDeadlineAsync(CancellationToken cancellationToken)
    {
        var next = MergeRules.AfterDeadline(State, time.GetUtcNow());
        if (next == State.Phase) return;
        if (next is MergePhase.Merging)
        {
            LogDeadlinePassed(logger, ModuleKey, State.Plan!.Round, State.Accepted.Count, State.Plan.Participants.Length);
            StartMerge();
            return;
        }

        State.Phase = next;
        State.Error = $"Module {ModuleKey}: round {State.Plan!.Round} closed at its deadline with {State.Accepted.Count} of {State.Plan.Participants.Length} updates; {State.Plan.Quorum} were needed.";
        await storage.WriteStateAsync(cancellationToken);
    }

    private void StartMerge()
    {
        if (_merge is { IsCompleted: false }) return;
        State.Phase = MergePhase.Merging; // from here on nothing more is accepted
        _merge = MergeAsync();
    }

    private async Task MergeAsync()
    {
        _storingResult = false;
        using var activity = DmkdTelemetry.StartMerge(State.Plan!.RunId, ModuleKey, State.Plan.Round);
        try
        {
            await storage.WriteStateAsync();
            string rule = State.Plan.Rule; // state belongs to the grain's own thread: jobs get values
            byte[] baseWeights = await weights.GetAsync(State.Plan.Base.Digest);
            var submissions = new List<DeltaSubmission>();
            foreach (var (_, delta) in MergeRules.InNodeOrder(State))
                submissions.Add(serializer.Deserialize<DeltaSubmission>(await weights.GetAsync(delta.Digest))!);
            var (merged, deviceTime) = await devices.Serving.RunAsync(job => MergeWork.Merge(job, rule, baseWeights, submissions));
            DmkdTelemetry.DeviceUsed("merge", deviceTime);

            var version = MergeRules.Next(State, await weights.PutAsync(merged), merged.Length, time.GetUtcNow());
            await GrainFactory.GetGrain<IExpertModuleGrain>(ModuleKey).PublishAsync(version);
            State.Result = version;
            State.DeviceSeconds = deviceTime.TotalSeconds;
            State.Phase = MergePhase.Closed;
            _storingResult = true;
            await storage.WriteStateAsync();
            _storingResult = false;
            DmkdTelemetry.Merged(ModuleKey);
            LogMerged(logger, ModuleKey, State.Plan.Round, version.Number, submissions.Count);
        }
        catch (InconsistentStateException)
        {
            DeactivateOnIdle(); // another activation went further; nobody awaits this task, so the runtime does not do it for us
        }
#pragma warning disable CA1031 // nobody awaits this work: whatever went wrong is the round's result
        catch (Exception e)
        {
            LogFailed(logger, e, ModuleKey, State.Plan.Round);
            State.Phase = MergePhase.Failed;
            State.Error = $"Module {ModuleKey}: the merge of round {State.Plan.Round} failed: {e.Message}";
        }
#pragma warning restore CA1031
    }
}
