using System.ComponentModel.DataAnnotations;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Routing;

namespace Dmkd.Grains.Runs;

/// <summary>Decisions of a run, as functions of its settings and state.</summary>
internal static class RunRules
{
    /// <summary>Whether two settings decide the same run.</summary>
    public static bool Same(RunSettings one, RunSettings other) => one with { Widths = other.Widths } == other && one.Widths.SequenceEqual(other.Widths);

    /// <summary>Whether the updates of a round are merged: every τ rounds, and always after the last.</summary>
    public static bool Merges(RunSettings settings, int round) => (round + 1) % settings.MergeEvery == 0 || round == settings.Rounds - 1;

    /// <summary>
    /// Whether a round's training ends although not all nodes are done: its merge failed, or closed with a quorum and all who
    /// contributed are done. A contributor is waited for: its update counts before its report is there.
    /// </summary>
    public static bool EndsWithoutAll(string[] nodes, IReadOnlyList<LocalUpdateStatus> statuses, MergeRoundStatus merge) =>
        merge.Phase is MergePhase.Failed
        || (merge.Phase is MergePhase.Closed
            && merge.Result!.Contributions.All(contribution => statuses[Array.IndexOf(nodes, contribution.NodeId)].State is WorkState.Completed));

    /// <summary>The phase after the local updates of a round.</summary>
    public static RunPhase AfterTraining(RunSettings settings, int round) => Merges(settings, round) ? RunPhase.Merge : RunPhase.Train;

    /// <summary>The phase after a round's merge.</summary>
    public static RunPhase AfterMerge(RunSettings settings, int round) => round + 1 < settings.Rounds ? RunPhase.Train : RunPhase.Specialize;

    /// <summary>The phase after a task's evaluation.</summary>
    public static RunPhase AfterEvaluation(RunSettings settings, int task) => task + 1 < settings.Tasks ? RunPhase.Assign : RunPhase.Completed;

    /// <summary>Where a run goes on that failed in a phase: a merge is asked for again from its round's local updates, which are not repeated.</summary>
    public static RunPhase ResumesIn(RunPhase failedIn) => failedIn is RunPhase.Merge ? RunPhase.Train : failedIn;

    /// <summary>Refuses settings that cannot be run.</summary>
    /// <exception cref="ArgumentException">Names the setting, its limit and the value.</exception>
    public static void Check(RunSettings settings)
    {
        var problems = new List<ValidationResult>();
        Validator.TryValidateObject(settings, new ValidationContext(settings), problems, validateAllProperties: true);
        if (settings.LegacyTasks > settings.Tasks) problems.Add(new ValidationResult($"LegacyTasks must be at most Tasks ({settings.Tasks}), not {settings.LegacyTasks}."));
        if (!MergeRuleNames.All.Contains(settings.MergeRule)) problems.Add(new ValidationResult($"MergeRule must be one of {string.Join(", ", MergeRuleNames.All)}, not '{settings.MergeRule}'."));
        if (!GateCatalog.NamesWithoutNetwork.Contains(settings.Routing.Gate)) problems.Add(new ValidationResult($"Gate must be one of {string.Join(", ", GateCatalog.NamesWithoutNetwork)}, not '{settings.Routing.Gate}'."));
        if (problems.Count > 0) throw new ArgumentException(string.Join(" ", problems.Select(problem => problem.ErrorMessage)), nameof(settings));
    }

    /// <summary>Name of a task's module.</summary>
    public static string ModuleName(int task) => $"expert-{task + 1}";

    /// <summary>Keys of a run's nodes, in node order.</summary>
    public static string[] Nodes(string library, RunSettings settings) => [.. Enumerable.Range(1, settings.Nodes).Select(node => $"{library}/node-{node}")];

    /// <summary>Submissions that a round needs at its deadline: the quorum's share of the nodes, rounded up, at least one.</summary>
    public static int Quorum(RunSettings settings) => Math.Clamp((int)Math.Ceiling(settings.Quorum * settings.Nodes), 1, settings.Nodes);

    /// <summary>Share of a task that is done, in [0, 1]: rounds count for the most, statistics and evaluation for one more.</summary>
    public static double TaskProgress(TrainingRunState state, double partOfPhase)
    {
        int rounds = state.Settings?.Rounds ?? 1;
        double done = state.Phase switch
        {
            RunPhase.Train => state.Round + partOfPhase,
            RunPhase.Merge => state.Round + 1,
            RunPhase.Specialize => rounds,
            RunPhase.Evaluate => rounds + partOfPhase,
            RunPhase.Completed => rounds + 1,
            _ => 0,
        };
        return Math.Clamp(done / (rounds + 1), 0, 1);
    }

    /// <summary>The merge that a round opens.</summary>
    public static MergeRoundPlan MergePlan(TrainingRunState state, string runId, DateTimeOffset now)
    {
        var settings = state.Settings!;
        return new MergeRoundPlan
        {
            RunId = runId,
            Round = state.Round,
            Base = state.Base!,
            Participants = Nodes(runId, settings),
            Quorum = Quorum(settings),
            Deadline = now + settings.RoundDeadline,
            Rule = settings.MergeRule,
        };
    }

    /// <summary>What a node is asked to do in a round.</summary>
    public static LocalUpdateRequest UpdateRequest(TrainingRunState state, string runId, int node, LegacyTeacher? teacher) => new()
    {
        NodeIndex = node,
        Task = state.Task,
        Round = state.Round,
        SubmitsDelta = Merges(state.Settings!, state.Round),
        Module = state.Module!,
        Base = state.Base!,
        Teacher = teacher,
        RunId = runId,
        Settings = state.Settings!,
    };

    /// <summary>The report of a finished run, or null.</summary>
    public static RunReport? Report(TrainingRunState state, string runId) => state.Phase is not RunPhase.Completed ? null : new RunReport
    {
        RunId = runId,
        Library = runId,
        Settings = state.Settings!,
        ClassIncremental = [.. state.ClassIncremental],
        TaskIncremental = [.. state.TaskIncremental],
        MacroF1 = state.MacroF1,
        TaskDetectionRate = state.TaskDetectionRate,
        BytesUp = state.BytesUp,
        BytesDown = state.BytesDown,
        DenseBytes = state.DenseBytes,
        DeviceSeconds = state.DeviceSeconds,
        WallSeconds = state.WallSeconds,
        LegacyAccuracy = state.Legacy?.Accuracy,
        ExpertParameters = [.. state.ExpertParameters],
    };

    /// <summary>A version that has no parent.</summary>
    public static ModuleVersion FirstVersion(string digest, long bytes, DateTimeOffset now) =>
        new() { Number = 1, Digest = digest, Bytes = bytes, CreatedAt = now };
}
