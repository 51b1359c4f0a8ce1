using System.Diagnostics;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Telemetry;

namespace Dmkd.Grains.Runs;

/// <summary>A task's rounds: local updates, merges, statistics and evaluation.</summary>
internal sealed partial class TrainingRunGrain
{
    /// <summary>Time a merge may take after its deadline.</summary>
    private static readonly TimeSpan MergeGrace = TimeSpan.FromMinutes(5);

    private IMergeCoordinatorGrain Coordinator => GrainFactory.GetGrain<IMergeCoordinatorGrain>(State.Module!.Key);

    private Activity? _round;

    private async Task TrainAsync()
    {
        _round = DmkdTelemetry.StartRound(RunId, State.Module!.Key, State.Task, State.Round);
        var deadline = time.GetUtcNow() + Settings.RoundDeadline;
        if (RunRules.Merges(Settings, State.Round)) await Coordinator.OpenRoundAsync(RunRules.MergePlan(State, RunId, time.GetUtcNow()));
        var nodes = RunRules.Nodes(RunId, Settings).Select(key => GrainFactory.GetGrain<INodeGrain>(key)).ToArray();
        var requests = nodes.Select((_, node) => RunRules.UpdateRequest(State, RunId, node, TeacherOf())).ToArray();

        await Task.WhenAll(nodes.Select((node, index) => node.StartLocalUpdateAsync(requests[index]))); // also what failed before a resume
        while (true)
        {
            var statuses = await Task.WhenAll(nodes.Select((node, index) => LookAsync(node, requests[index])));
            if (statuses.FirstOrDefault(status => status.State is WorkState.Failed) is { } failed) throw new InvalidOperationException(failed.Error);
            _partOfPhase = statuses.Average(status => status.Progress);
            if (statuses.All(status => status.State is WorkState.Completed) || await ClosedWithoutAllAsync(statuses))
            {
                var reports = statuses.Select(status => status.Report).OfType<LocalUpdateReport>().ToArray();
                State.DeviceSeconds += reports.Sum(report => report.DeviceSeconds);
                State.BytesDown += reports.Sum(report => report.DownloadedBytes);
                await EndTrainingAsync();
                return;
            }

            if (time.GetUtcNow() > deadline + Settings.RoundDeadline)
                throw new TimeoutException($"Round {State.Round + 1} of task {State.Task + 1} did not end within {2 * Settings.RoundDeadline}.");
            await PauseAsync();
        }
    }

    private async Task<bool> ClosedWithoutAllAsync(LocalUpdateStatus[] statuses) =>
        RunRules.Merges(Settings, State.Round)
        && RunRules.EndsWithoutAll(RunRules.Nodes(RunId, Settings), statuses, await Coordinator.GetRoundAsync(RunId, State.Round));

    private async Task EndTrainingAsync()
    {
        var next = RunRules.AfterTraining(Settings, State.Round);
        if (next is RunPhase.Train)
        {
            State.Round++;
            EndRound();
        }

        await MoveToAsync(next);
    }

    private static async Task<LocalUpdateStatus> LookAsync(INodeGrain node, LocalUpdateRequest request)
    {
        var status = await node.GetLocalUpdateAsync(request.WorkKey);
        if (status.State is WorkState.Unknown) await node.StartLocalUpdateAsync(request);
        return status;
    }

    private LegacyTeacher? TeacherOf() => State.Task < Settings.LegacyTasks
        ? new LegacyTeacher(
            State.Legacy!.Architecture, State.Legacy.Digest,
            [.. State.Module!.Classes.Select(c => Array.IndexOf(_data!.ClassesUpTo(Settings.LegacyTasks - 1), c))])
        : null;

    private async Task MergeAsync()
    {
        var limit = time.GetUtcNow() + Settings.RoundDeadline + MergeGrace;
        while (true)
        {
            if (time.GetUtcNow() > limit) throw new TimeoutException($"The merge of round {State.Round + 1} of task {State.Task + 1} did not end within {Settings.RoundDeadline + MergeGrace}.");
            var status = await Coordinator.GetRoundAsync(RunId, State.Round);
            if (status.Phase is MergePhase.Failed) throw new InvalidOperationException(status.Error);
            if (status.Phase is MergePhase.Closed)
            {
                State.BytesUp += status.UploadedBytes;
                State.DenseBytes += status.DenseBytes;
                State.DeviceSeconds += status.DeviceSeconds;
                State.Base = status.Result;
                var next = RunRules.AfterMerge(Settings, State.Round);
                State.Round++;
                EndRound();
                await MoveToAsync(next);
                return;
            }

            await PauseAsync();
        }
    }

    private void EndRound()
    {
        _round?.Dispose();
        _round = null;
    }

    /// <summary>The module's entropy statistics, summed over its nodes in node order (proposal 3.3).</summary>
    private async Task SpecializeAsync()
    {
        var reports = await Task.WhenAll(RunRules.Nodes(RunId, Settings).Select((key, node) => GrainFactory.GetGrain<INodeGrain>(key).MeasureEntropyAsync(
            new EntropyRequest { NodeIndex = node, Task = State.Task, Module = State.Module!, Version = State.Base!, Settings = Settings })));
        var specialization = new ModuleSpecialization(State.Base!.Number, reports.Sum(report => report.EntropySum), reports.Sum(report => report.SampleCount));
        await GrainFactory.GetGrain<IExpertModuleGrain>(State.Module!.Key).RecordSpecializationAsync(specialization);
        State.DeviceSeconds += reports.Sum(report => report.DeviceSeconds);
        State.BytesDown += reports.Sum(report => report.DownloadedBytes);
        await MoveToAsync(RunPhase.Evaluate);
    }

    private async Task EvaluateAsync()
    {
        using var activity = DmkdTelemetry.StartEvaluate(RunId, State.Task);
        var evaluation = new RunEvaluation(
            GrainFactory.GetGrain<IRouterGrain>(RunId), _data!, Settings.Routing, parallelism: devices.Serving.LaneCount);
        var result = await evaluation.RunAsync(State.Task, RunRules.ModuleName, share => _partOfPhase = share, _stopping.Token);
        // Rows are cut to the tasks before this one first: a repeat after a crash replaces its own row.
        State.ClassIncremental = [.. State.ClassIncremental.Take(State.Task), result.ClassIncremental];
        State.TaskIncremental = [.. State.TaskIncremental.Take(State.Task), result.TaskIncremental];
        State.MacroF1 = result.MacroF1;
        State.TaskDetectionRate = result.TaskDetectionRate;
        State.DeviceSeconds += result.DeviceSeconds;
        double classIncremental = result.ClassIncremental.Average(), taskIncremental = result.TaskIncremental.Average();
        DmkdTelemetry.Evaluated(RunId, "class-incremental", classIncremental);
        DmkdTelemetry.Evaluated(RunId, "task-incremental", taskIncremental);
        _feed.Add($"task {State.Task + 1}/{Settings.Tasks}: accuracy {classIncremental:P1} class-incremental, {taskIncremental:P1} task-incremental, right expert {result.TaskDetectionRate:P1}");
        LogEvaluated(logger, RunId, State.Task + 1, classIncremental, taskIncremental);
        var next = RunRules.AfterEvaluation(Settings, State.Task);
        if (next is RunPhase.Assign) State.Task++;
        await MoveToAsync(next);
    }
}
