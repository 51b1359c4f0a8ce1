using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Runs.Engine;

namespace Dmkd.Grains.Runs.Rounds;

/// <summary>What a run persists: where it is and what it has measured.</summary>
internal sealed class TrainingRunState : IStagedState<RunPhase>
{
    public RunSettings? Settings { get; set; }

    public RunPhase Phase { get; set; }

    public int Task { get; set; }

    public int Round { get; set; }

    public DateTimeOffset StartedAt { get; set; }

    public LegacyModel? Legacy { get; set; }

    public PreservedExpert[] Preserved { get; set; } = [];

    /// <summary>What new experts start from, when they start from the legacy model.</summary>
    public LegacyFeatures? LegacyFeatures { get; set; }

    /// <summary>The task's module.</summary>
    public ModuleDescriptor? Module { get; set; }

    /// <summary>The version that the current round's updates are relative to.</summary>
    public ModuleVersion? Base { get; set; }

    /// <summary>Nodes of the current round, by their place among the run's nodes, ascending.</summary>
    public int[] Participants { get; set; } = [];

    /// <summary>Times the current round was collected in vain.</summary>
    public int Attempts { get; set; }

    /// <summary>Trace context of what started the run: a round's trace is linked to it.</summary>
    public string? Trace { get; set; }

    /// <summary>Trace context of the current round: an interrupted round goes on in the same trace.</summary>
    public string? RoundTrace { get; set; }

    /// <summary>Nodes that have left.</summary>
    public SortedSet<int> Absent { get; set; } = [];

    /// <summary>Rounds in a row that a node has missed.</summary>
    public Dictionary<int, int> Missed { get; set; } = [];

    /// <summary>The last merge that a node's update came to.</summary>
    public Dictionary<int, SeenRound> Seen { get; set; } = [];

    /// <summary>Seconds that updates took in the last rounds, oldest first.</summary>
    public List<double> Arrivals { get; set; } = [];

    /// <summary>Parameters of each expert, in task order.</summary>
    public List<long> ExpertParameters { get; set; } = [];

    /// <summary>Exemplars that the routing was last fitted to.</summary>
    public int Exemplars { get; set; }

    /// <summary>
    /// Moments of the tasks before this one in every expert's feature space; null before the first, and without
    /// discriminants.
    /// </summary>
    public StoredBlob? Moments { get; set; }

    /// <summary>Multiply-adds of each expert for one input, all views of it counted, in task order.</summary>
    public List<long> ExpertMultiplyAdds { get; set; } = [];

    /// <summary>A[t][i], class-incremental.</summary>
    public List<double[]> ClassIncremental { get; set; } = [];

    /// <summary>A[t][i], task-incremental.</summary>
    public List<double[]> TaskIncremental { get; set; } = [];

    public double MacroF1 { get; set; }

    public double TaskDetectionRate { get; set; }

    public long BytesUp { get; set; }

    public long BytesDown { get; set; }

    public long DenseBytes { get; set; }

    /// <summary>Of the bytes up, what the routing was fitted to.</summary>
    public long RoutingBytes { get; set; }

    public double DeviceSeconds { get; set; }

    public double WallSeconds { get; set; }

    /// <summary>What each expert cost to learn, in task order.</summary>
    public List<LearningCost> Learning { get; set; } = [];

    /// <summary>All that was counted before the task.</summary>
    public LearningCost BeforeTask { get; set; } = LearningCost.None;

    /// <summary>Experts that learned nothing, in task order.</summary>
    public List<DivergedExpert> Diverged { get; set; } = [];

    /// <summary>Lessons that wait for their turn, in the order of asking.</summary>
    public List<Lesson> Lessons { get; set; } = [];

    /// <summary>What nodes' held-out examples said last, in the order of the nodes; none in an experiment.</summary>
    public List<NodeAccuracy> NodeAccuracies { get; set; } = [];

    /// <summary>The last events, oldest first; an earlier program stored none.</summary>
    public List<RunEvent> Events { get; set; } = [];

    public string? Error { get; set; }

    /// <summary>Whether the run was stopped: nobody goes on with it until it is resumed. The phase stays.</summary>
    public bool IsStopped { get; set; }

    /// <summary>The phase in which the run failed: where a resumed run goes on.</summary>
    public RunPhase FailedIn { get; set; }
}
