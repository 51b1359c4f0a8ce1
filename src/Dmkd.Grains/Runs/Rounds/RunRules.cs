using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Devices;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Preservation;
using Dmkd.Core.Routing;
using Dmkd.Core.Training;
using Dmkd.Data.Images;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Hosting.Placement;

namespace Dmkd.Grains.Runs.Rounds;

/// <summary>Decisions of a run, as functions of its settings and state.</summary>
internal static class RunRules
{
    /// <summary>Whether the updates of a round are merged: every τ rounds, and always after the last.</summary>
    public static bool Merges(RunSettings settings, int round) =>
        (round + 1) % settings.Merging.MergeEvery == 0 || round == settings.Training.Rounds - 1;

    /// <summary>The phase after a round's merge.</summary>
    public static RunPhase AfterMerge(RunSettings settings, int round) =>
        round + 1 < settings.Training.Rounds ? RunPhase.Train : RunPhase.Specialize;

    /// <summary>
    /// Where a run goes on that failed in a phase: a merge is asked for again from its round's local updates, which are
    /// not repeated.
    /// </summary>
    public static RunPhase ResumesIn(RunPhase failedIn) => failedIn is RunPhase.Merge ? RunPhase.Train : failedIn;

    /// <summary>Name of a task's module.</summary>
    public static string ModuleName(int task) => $"expert-{task + 1}";

    /// <summary>Times a round is collected before its run fails.</summary>
    public const int MaxAttempts = 3;

    /// <summary>Key of a node.</summary>
    public static string NodeKey(string library, int node, string device = DeviceKinds.Any) =>
        DeviceNeeds.With($"{library}/node-{node + 1}", device);

    /// <summary>Keys of nodes.</summary>
    public static string[] NodeKeys(string library, IEnumerable<int> nodes, string device = DeviceKinds.Any) =>
        [.. nodes.Select(node => NodeKey(library, node, device))];

    /// <summary>Key of a run's node: of a library that parties grow, the node's own name.</summary>
    public static string NodeKey(RunSettings settings, string runId, int node) =>
        settings.Library is { } plan ? plan.Nodes[node] : NodeKey(runId, node, settings.Device);

    /// <summary>Nodes of a run; of a library that parties grow, those that have taught it anything.</summary>
    public static int NodeCount(RunSettings settings) => settings.Library?.Nodes.Length ?? settings.Participation.Nodes;

    /// <summary>Keys of a run's nodes.</summary>
    public static string[] NodeKeys(RunSettings settings, string runId, IEnumerable<int> nodes) =>
        [.. nodes.Select(node => NodeKey(settings, runId, node))];

    /// <summary>How long the current round waits for its nodes.</summary>
    public static TimeSpan Wait(TrainingRunState state)
    {
        var settings = state.Settings!;
        return AdaptiveDeadline.Wait(
            state.Arrivals,
            settings.Participation.ShortestWait,
            settings.Participation.RoundDeadline,
            settings.Participation.WaitSpread
        );
    }

    /// <summary>
    /// Whether collecting a failed round again is in vain: nobody was late, and nothing could be used.
    /// </summary>
    public static bool IsFinal(MergeRoundStatus status, TrainingRunState state) =>
        status.Missing.Length == 0 || state.Participants.Length == 0;

    /// <summary>
    /// Submissions that a round needs at its deadline: the quorum's share of the participants, rounded up, at least
    /// one.
    /// </summary>
    public static int Quorum(RunSettings settings, int participants) =>
        Math.Clamp((int)Math.Ceiling(settings.Participation.Quorum * participants), 1, Math.Max(1, participants));

    /// <summary>
    /// How a round's updates are sent and merged. Replicas with first weights of their own are aligned in the first
    /// merge, and sent whole.
    /// </summary>
    public static MergeOptions MergeOptions(RunSettings settings, int round)
    {
        bool isAligned = settings.Merging.Alignment && round < settings.Merging.MergeEvery;
        return new()
        {
            Rule = settings.Merging.MergeRule,
            Compressor = isAligned ? AlignedExchange.Name : settings.Merging.Compressor,
            Rank = settings.Merging.Rank,
            HalfPrecision = settings.Merging.HalfPrecision && !isAligned,
            ErrorFeedback = settings.Merging.ErrorFeedback && !isAligned,
            OuterLearningRate = settings.Merging.OuterLearningRate,
            OuterMomentum = settings.Merging.OuterMomentum,
            ReestimateBatchNorm = settings.Merging.ReestimateBatchNorm,
            MaxDrop = settings.Merging.MaxDrop,
        };
    }

    /// <summary>
    /// Share of a task that is done, in [0, 1]: rounds count for the most, statistics and evaluation for one more.
    /// </summary>
    /// <param name="state">The run.</param>
    /// <param name="partOfPhase">Share of the present phase that is done, in [0, 1].</param>
    public static double TaskProgress(TrainingRunState state, double partOfPhase)
    {
        if (state.Settings is not { } settings)
            return 0;
        int rounds = settings.Training.Rounds;
        double done = state.Phase switch
        {
            RunPhase.Train => state.Round + partOfPhase,
            RunPhase.Merge => state.Round + 1,
            RunPhase.Specialize or RunPhase.Calibrate => rounds,
            RunPhase.Evaluate => rounds + partOfPhase,
            RunPhase.Completed => rounds + 1,
            _ => 0,
        };
        return done / (rounds + 1);
    }

    /// <summary>Whether stages are left, and nobody stopped the run.</summary>
    public static bool IsUnderWay(TrainingRunState state) =>
        !state.IsStopped && state.Phase is not (RunPhase.Created or RunPhase.Completed or RunPhase.Failed);

    /// <summary>Where a run is.</summary>
    /// <param name="state">The run.</param>
    /// <param name="work">What is known of the work on it.</param>
    /// <param name="afterEvent">Number of the last event that is known.</param>
    public static RunProgress Progress(TrainingRunState state, WorkAtHand work, long afterEvent) =>
        new()
        {
            Phase = state.Phase,
            Task = state.Task,
            Round = state.Round,
            PreservationProgress = state.Phase is RunPhase.Preserve ? work.Share : 1,
            TaskProgress = TaskProgress(state, work.Share),
            Events = RunEventLog.After(state.Events, afterEvent),
            Error = state.Error,
            Trace = state.Phase is RunPhase.Train or RunPhase.Merge ? state.RoundTrace : null,
            IsStopped = state.IsStopped && state.Phase is not RunPhase.Completed, // one stopped in its last step has ended
            IsAtWork = work.IsAtWork,
        };

    /// <summary>The merge that a round opens.</summary>
    /// <param name="state">The run.</param>
    /// <param name="runId">Its id.</param>
    /// <param name="wait">How long the round waits.</param>
    /// <param name="maxSamples">Training images of the task: no node can have more.</param>
    public static MergeRoundPlan MergePlan(TrainingRunState state, string runId, TimeSpan wait, long maxSamples)
    {
        var settings = state.Settings!;
        return new MergeRoundPlan
        {
            RunId = runId,
            Round = state.Round,
            Base = state.Base!,
            Participants = NodeKeys(settings, runId, state.Participants),
            Expected = NodeKeys(settings, runId, RunParticipation.Expected(state)),
            Quorum = Quorum(settings, state.Participants.Length),
            Wait = wait,
            Options = MergeOptions(settings, state.Round),
            Measuring = new MeasuringPlan
            {
                NodeIndices = state.Participants,
                Task = state.Task,
                Module = state.Module!,
                Settings = settings,
            },
            MaxSamples = maxSamples,
        };
    }

    /// <summary>What a node is asked to do in a round.</summary>
    public static LocalUpdateRequest UpdateRequest(
        TrainingRunState state,
        string runId,
        int node,
        LegacyTeacher? teacher
    ) =>
        new()
        {
            NodeIndex = node,
            Task = state.Task,
            Round = state.Round,
            Module = state.Module!,
            Base = state.Base!,
            Teacher = teacher,
            RunId = runId,
            Settings = state.Settings!,
            Merging = Merges(state.Settings!, state.Round) ? MergeOptions(state.Settings!, state.Round) : null,
            BasisWait = 2 * state.Settings!.Participation.RoundDeadline,
        };

    /// <summary>The report of a finished run, or null.</summary>
    public static RunReport? Report(TrainingRunState state, string runId) =>
        state.Phase is not RunPhase.Completed
            ? null
            : new RunReport
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
                RoutingBytes = state.RoutingBytes,
                DeviceSeconds = state.DeviceSeconds,
                WallSeconds = state.WallSeconds,
                LegacyAccuracy = state.Legacy?.Accuracy,
                ExpertParameters = [.. state.ExpertParameters],
                MacsPerInput = MacsPerInput(state),
                Exemplars = state.Exemplars,
                Learning = [.. state.Learning],
                Diverged = [.. state.Diverged],
                NodeAccuracies = [.. state.NodeAccuracies],
            };

    /// <summary>All that was counted so far.</summary>
    public static LearningCost Counted(TrainingRunState state) =>
        new(state.DeviceSeconds, state.WallSeconds, state.BytesUp, state.BytesDown, state.DenseBytes);

    /// <summary>Adds to what was counted.</summary>
    public static void Count(TrainingRunState state, LearningCost cost)
    {
        state.DeviceSeconds += cost.DeviceSeconds;
        state.WallSeconds += cost.WallSeconds;
        state.BytesUp += cost.BytesUp;
        state.BytesDown += cost.BytesDown;
        state.DenseBytes += cost.DenseBytes;
    }

    /// <summary>Forgetting after the last row of accuracies (docs/adr/0005).</summary>
    public static double Forgetting(IReadOnlyList<double[]> accuracies)
    {
        var matrix = new AccuracyMatrix(accuracies.Count);
        foreach (var (after, row) in accuracies.Index())
        foreach (var (task, accuracy) in row.Index())
            matrix.Record(after, task, accuracy);
        return matrix.Forgetting;
    }

    /// <summary>
    /// Multiply-adds for one input: of every expert, or of those that a gate without need of their scores chooses, at
    /// most.
    /// </summary>
    private static long MacsPerInput(TrainingRunState state)
    {
        var gate = RunGate.Of(state.Settings!);
        int asked = state.ExpertMultiplyAdds.Count;
        if (gate.ChoosesFirst)
            asked = state.Settings!.Routing.TopExperts;
        if (gate.Needs.HasFlag(GateNeeds.Task))
            asked = 1;
        return state.ExpertMultiplyAdds.OrderDescending().Take(asked).Sum();
    }

    /// <summary>Outputs of an expert of some classes.</summary>
    public static int ExpertOutputs(RunSettings settings, int classes) =>
        RunData.Modality.OutputCount(RunData.Modality.ExpertLabels, classes, settings.Training.UnknownOutput);

    /// <summary>The networks of a run on some images.</summary>
    /// <exception cref="ArgumentException">They are named, and there are none, or they take other images.</exception>
    public static NetworkFamily Networks(RunSettings settings, ImageSet images) =>
        NetworkFamily.Of(
            settings.Training.Architecture,
            settings.Training.Widths,
            images.Channels,
            images.Height,
            hasLegacy: settings.Legacy.Tasks > 0
        );

    /// <summary>A version that has no parent.</summary>
    public static ModuleVersion FirstVersion(string digest, long bytes, DateTimeOffset now) =>
        new()
        {
            Number = 1,
            Digest = digest,
            Bytes = bytes,
            CreatedAt = now,
        };
}

/// <summary>What is stored nowhere: the work on a run at this moment.</summary>
/// <param name="Share">Share of the current stage that is done, in [0, 1].</param>
/// <param name="IsAtWork">Whether somebody is at work on it.</param>
internal readonly record struct WorkAtHand(double Share, bool IsAtWork);
