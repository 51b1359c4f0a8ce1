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
    /// <summary>Longest time a node may take to measure.</summary>
    private static readonly TimeSpan LongestMeasurement = TimeSpan.FromMinutes(1);

    private IMergeCoordinatorGrain Coordinator => GrainFactory.GetGrain<IMergeCoordinatorGrain>(State.Module!.Key);

    /// <summary>The steps of the current module's rounds.</summary>
    private RunRounds Rounds => _rounds ??= new RunRounds(
        RunId, this, new RoundDriver(Coordinator, node => GrainFactory.GetGrain<INodeGrain>(node), time, logger) { LongestSilence = Settings.Participation.ShortestWait, Tell = _feed.Add });

    private RunRounds? _rounds;

    private Task TrainAsync() => Rounds.TrainAsync(TeacherOf(), _data!.TrainingCountOf(State.Task), _work.Token);

    private Task MergeAsync() => Rounds.MergeAsync(_work.Token);

    private LegacyTeacher? TeacherOf() => State.Task < Settings.Legacy.Tasks
        ? new LegacyTeacher(
            State.Legacy!.Architecture, State.Legacy.Digest,
            [.. State.Module!.Classes.Select(c => Array.IndexOf(_data!.ClassesUpTo(Settings.Legacy.Tasks - 1), c))])
        : null;

    private void EndRounds()
    {
        _rounds?.End();
        _rounds = null; // the next task's module has a coordinator of its own
    }

    /// <summary>The module's entropy statistics, summed over its nodes in node order (proposal 3.3).</summary>
    private async Task SpecializeAsync()
    {
        EndRounds();
        var reports = await MeasureAsync(State.Module!, State.Base!);
        var specialization = new ModuleSpecialization(State.Base!.Number, reports.Sum(report => report.EntropySum), reports.Sum(report => report.SampleCount));
        await GrainFactory.GetGrain<IExpertModuleGrain>(State.Module!.Key).RecordSpecializationAsync(specialization);
        await CountLearningAsync(reports);
        await MoveToAsync(RunRules.AfterSpecialization(Settings));
    }

    /// <summary>What the task's nodes measure of a module on their data of the task, in node order.</summary>
    private async Task<EntropyReport[]> MeasureAsync(ModuleDescriptor module, ModuleVersion version)
    {
        var answers = await Task.WhenAll(RunParticipation.HoldersOf(Settings, State.Task).Where(node => !State.Absent.Contains(node)).Select(
            node => AskAsync(node, "measure entropy", grain => grain.MeasureEntropyAsync(
                new EntropyRequest { NodeIndex = node, Task = State.Task, Module = module, Version = version, Settings = Settings }))));
        EntropyReport[] reports = [.. answers.OfType<EntropyReport>()];
        return reports.Length > 0 ? reports : throw new InvalidOperationException($"No node measured the entropy of {module.Key} within {LongestMeasurement}.");
    }

    private string KeyOf(int node) => RunRules.NodeKey(RunId, node, Settings.Device);

    /// <summary>A node's answer, or null when it gives none.</summary>
    private async Task<T?> AskAsync<T>(int node, string what, Func<INodeGrain, Task<T>> call, TimeSpan? longest = null)
        where T : class
    {
        try
        {
            return await call(GrainFactory.GetGrain<INodeGrain>(KeyOf(node))).WaitAsync(longest ?? LongestMeasurement, time);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException && !_work.Token.IsCancellationRequested)
        {
            _feed.Add($"{KeyOf(node)} did not {what}: {e.Message}");
            return null;
        }
    }

    private async Task EvaluateAsync()
    {
        using var activity = DmkdTelemetry.StartEvaluate(RunId, State.Task);
        var evaluation = new RunEvaluation(
            GrainFactory.GetGrain<IRouterGrain>(RunId), _data!, Settings, parallelism: devices.Serving.LaneCount);
        var result = await evaluation.RunAsync(State.Task, RunRules.ModuleName, share => _partOfPhase = share, _work.Token);
        // Rows are cut to the tasks before this one first: a repeat after a crash replaces its own row.
        State.ClassIncremental = [.. State.ClassIncremental.Take(State.Task), result.ClassIncremental];
        State.TaskIncremental = [.. State.TaskIncremental.Take(State.Task), result.TaskIncremental];
        State.MacroF1 = result.MacroF1;
        State.TaskDetectionRate = result.TaskDetectionRate;
        State.DeviceSeconds += result.DeviceSeconds;
        double classIncremental = result.ClassIncremental.Average(), taskIncremental = result.TaskIncremental.Average();
        DmkdTelemetry.Evaluated(RunId, "class-incremental", classIncremental, RunRules.Forgetting(State.ClassIncremental));
        DmkdTelemetry.Evaluated(RunId, "task-incremental", taskIncremental, RunRules.Forgetting(State.TaskIncremental));
        _feed.Add($"task {State.Task + 1}/{Settings.Tasks}: accuracy {classIncremental:P1} class-incremental, {taskIncremental:P1} task-incremental, right expert {result.TaskDetectionRate:P1}");
        LogEvaluated(logger, RunId, State.Task + 1, classIncremental, taskIncremental);
        var next = RunRules.AfterEvaluation(Settings, State.Task);
        if (next is RunPhase.Assign) State.Task++;
        await MoveToAsync(next);
    }
}
