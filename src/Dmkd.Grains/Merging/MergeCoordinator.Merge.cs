using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Merging;

/// <summary>A merge as a transaction: merge, measure, decide, store the decision, publish, store the end.</summary>
internal sealed partial class MergeCoordinator
{
    private async Task MakeBasisAsync()
    {
        var plan = State.Plan!;
        try
        {
            var basis = await work.MakeBasisAsync(plan, MergeRules.ProjectedInNodeOrder(State));
            State.Basis = basis;
            State.Phase = MergePhase.Collecting;
            State.OpenedAt = time.GetUtcNow(); // the second exchange has a deadline of its own
            FailWhenHopeless(); // whoever withdrew after the first exchange is missing from the second
            await StoreAsync();
        }
#pragma warning disable CA1031 // nobody awaits this work: whatever went wrong is the round's result
        catch (Exception e)
#pragma warning restore CA1031
        {
            await FailAsync(plan, e);
        }
    }

    private async Task MergeAsync()
    {
        var plan = State.Plan!;
        using var activity = DmkdTelemetry.StartMerge(plan.Trace, plan.RunId, module, plan.Round);
        try
        {
            if (State.Phase is MergePhase.Collecting)
            {
                State.Phase = MergePhase.Merging; // from here on nothing more is accepted
                await StoreAsync();
            }

            if (State.Phase is MergePhase.Merging && !await DecideAsync(plan))
                return;
            await contacts.PublishAsync(State.Result!);
            State.Momentum = State.NextMomentum;
            MergeRules.Remember(State);
            State.Phase = MergePhase.Closed;
            await StoreAsync();
            Instruments.Merged(module, State.Result!.Number);
            LogMerged(logger, module, plan.Round + 1, State.Result!.Number, State.Result.Contributions.Length);
        }
#pragma warning disable CA1031 // nobody awaits this work: whatever went wrong is the round's result
        catch (Exception e)
#pragma warning restore CA1031
        {
            await FailAsync(plan, e);
        }
    }

    /// <summary>Merges, measures, and stores what is to be published; false when nothing is.</summary>
    private async Task<bool> DecideAsync(MergeRoundPlan plan)
    {
        List<string> refusals = [];
        var first = await MergedAsync(plan, Refuse);
        var candidate = first is null ? null : new MergeCandidate(first, () => MergedAsync(plan, (_, _) => { }));
        if (candidate is not null && plan.Options.ReestimateBatchNorm)
            candidate = await RestatedAsync(plan, candidate, LeaveOut);
        var merged = candidate?.Merged;
        var metrics = candidate is null ? null : await MeasureAsync(plan, candidate, LeaveOut);
        State.Refusals.AddRange(refusals);
        string? problem = merged is null
            ? $"round {plan.Round + 1}: none of {State.Accepted.Count} updates could be used: "
                + string.Join("; ", refusals)
            : MergeRules.GateProblem(plan, metrics);
        if (problem is not null)
        {
            State.Error = $"Module {module}: {problem}";
            State.Phase = merged is null ? MergePhase.Failed : MergePhase.Rejected;
            LogRejected(logger, module, plan.Round + 1, problem);
            await StoreAsync();
            return false;
        }

        Instruments.DeviceUsed("merge", merged!.DeviceTime);
        State.Result = MergeRules.Next(State, merged, metrics, time.GetUtcNow());
        State.NextMomentum = merged.Momentum;
        State.DeviceSeconds = merged.DeviceTime.TotalSeconds;
        State.Phase = MergePhase.Publishing;
        await StoreAsync();
        return true;

        void Refuse(string node, string reason)
        {
            string text = $"module {module}, node {node}, round {plan.Round + 1}: {reason}";
            refusals.Add(text);
            Instruments.DeltaRefused(module, "admission");
            LogNotAccepted(logger, module, node, plan.Round + 1, SubmissionOutcome.Refused, reason);
        }

        void LeaveOut(string node, string reason)
        {
            refusals.Add($"module {module}, node {node}, round {plan.Round}: it measures nothing: {reason}");
            LogMeasuresNothing(logger, module, node, plan.Round, reason);
        }
    }

    private Task<MergedModule?> MergedAsync(MergeRoundPlan plan, Action<string, string> refuse) =>
        work.MergeAsync(plan, State.Basis, MergeRules.InNodeOrder(State), State.Momentum, refuse);

    private async Task<MergeCandidate> RestatedAsync(
        MergeRoundPlan plan,
        MergeCandidate candidate,
        Action<string, string> leaveOut
    )
    {
        var merged = candidate.Merged;
        var version = MergeRules.Next(State, merged, null, default);
        var reports = await AskAsync(candidate, node => contacts.MeasureStatisticsAsync(plan, node, version), leaveOut);
        if (reports.Length == 0)
            return candidate;
        return new MergeCandidate(await work.WithStatisticsAsync(plan, merged, reports), StoreAgainAsync);

        async Task StoreAgainAsync()
        {
            await candidate.StoreAgainAsync();
            await work.WithStatisticsAsync(plan, merged, reports);
        }
    }

    private async Task<MergeMetrics?> MeasureAsync(
        MergeRoundPlan plan,
        MergeCandidate candidate,
        Action<string, string> leaveOut
    )
    {
        if (plan.Measuring is null)
            return null;
        var version = MergeRules.Next(State, candidate.Merged, null, default);
        var reports = await AskAsync(candidate, node => contacts.MeasureAsync(plan, node, version), leaveOut);
        long count = reports.Sum(report => report.SampleCount);
        return count == 0
            ? null
            : new MergeMetrics(
                count,
                (double)reports.Sum(report => report.RightBefore) / count,
                (double)reports.Sum(report => report.RightAfter) / count,
                reports.Sum(report => report.LossBefore) / count,
                reports.Sum(report => report.LossAfter) / count
            );
    }

    /// <summary>
    /// What the contributors measure, in node order. Who does not answer is asked again, and so is who finds the merged
    /// weights damaged, once they are stored again; who cannot measure is left out, by name.
    /// </summary>
    private async Task<T[]> AskAsync<T>(
        MergeCandidate candidate,
        Func<string, Task<T>> ask,
        Action<string, string> leaveOut
    )
        where T : ProbeReport
    {
        var calls = Resilience.TransientCall(time, ProbeCalls.Retries);
        Task? stored = null; // once for all who ask
        var answers = await Task.WhenAll(Contributors(candidate.Merged).Select(AnswerOfAsync));
        return [.. answers.OfType<T>()];

        async Task<T?> AnswerOfAsync(string node)
        {
            try
            {
                return await calls.AskAsync(() => AskTwiceAsync(node), CancellationToken.None);
            }
#pragma warning disable CA1031 // a node that says it cannot measure says the same to everybody who asks
            catch (Exception e) when (!TransientErrors.Is(e) && !_isStopped)
#pragma warning restore CA1031
            {
                leaveOut(node, e.Message.Split('\n', 2)[0].Trim());
                return null;
            }
        }

        async Task<T> AskTwiceAsync(string node)
        {
            try
            {
                return await ask(node);
            }
            catch (WeightStoreException)
            {
                await (stored ??= candidate.StoreAgainAsync());
                return await ask(node);
            }
        }
    }

    private IEnumerable<string> Contributors(MergedModule merged) =>
        MergeRules.InNodeOrder(State).Select(entry => entry.NodeId).Where(merged.WeightOf.ContainsKey);

    private async Task FailAsync(MergeRoundPlan plan, Exception problem)
    {
        if (_writer.IsBroken || _isStopped)
            return; // the next activation goes on
        // A stored decision is final unless the module refuses it: it may have it already, although its answer was lost
        // or its write seemed to fail.
        bool isDecided =
            State.Phase is MergePhase.Publishing && problem is not InvalidOperationException or ObjectDisposedException;
        bool isTransient = TransientErrors.Is(problem) && _attempts + 1 < MaxAttempts;
        if (isDecided || isTransient)
        {
            _attempts++;
            LogRetried(logger, problem, module, plan.Round + 1, _attempts); // the next tick tries again
            return;
        }

        LogFailed(logger, problem, module, plan.Round + 1);
        State.Phase = MergePhase.Failed;
        State.Error =
            $"Module {module}: the merge of round {plan.Round + 1} failed: {problem.Message.Split('\n', 2)[0].Trim()}";
        try
        {
            await StoreAsync();
        }
        catch (Exception e) when (e is OrleansException || _writer.IsBroken)
        {
            LogFailed(logger, e, module, plan.Round + 1); // the next activation goes on from the phase before
        }
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Module {ModuleId}: round {Round} merged into version {Version} from {Updates} updates"
    )]
    private static partial void LogMerged(ILogger logger, string moduleId, int round, int version, int updates);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Module {ModuleId}: the merge of round {Round} is not published: {Reason}"
    )]
    private static partial void LogRejected(ILogger logger, string moduleId, int round, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Module {ModuleId}: the merge of round {Round} is tried again after attempt {Attempt}"
    )]
    private static partial void LogRetried(
        ILogger logger,
        Exception exception,
        string moduleId,
        int round,
        int attempt
    );

    [LoggerMessage(Level = LogLevel.Error, Message = "Module {ModuleId}: merge of round {Round} failed")]
    private static partial void LogFailed(ILogger logger, Exception exception, string moduleId, int round);
}

/// <summary>Merged weights that nodes look at before they are published.</summary>
/// <param name="Merged">The weights, stored.</param>
/// <param name="StoreAgainAsync">Makes the same weights again and stores them, for a store in which they are damaged.</param>
internal sealed record MergeCandidate(MergedModule Merged, Func<Task> StoreAgainAsync);
