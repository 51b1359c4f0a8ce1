using Dmkd.Contracts.Settings;
using Orleans.Concurrency;

namespace Dmkd.Contracts.Runs;

/// <summary>
/// Sets the pace of a run: preservation, then per task rounds, merges, statistics and evaluation. Key: the run's id.
/// </summary>
[Alias("dmkd.ITrainingRunGrain")]
public interface ITrainingRunGrain : IGrainWithStringKey
{
    /// <summary>Begins and returns at once.</summary>
    /// <exception cref="InvalidOperationException">The run exists.</exception>
    [Alias("start")]
    Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default);

    /// <summary>
    /// Has a library that parties grow learn classes that it does not know yet, as one more task; begins and returns at
    /// once. While another lesson is under way it waits for its turn, in the order of asking.
    /// </summary>
    /// <returns>Lessons that are before it.</returns>
    /// <exception cref="InvalidOperationException">There is no such library; it is an experiment; or a class or node is
    /// not as it has to be: the message names it.</exception>
    [Alias("learn")]
    Task<int> LearnAsync(Lesson lesson, CancellationToken cancellationToken = default);

    /// <summary>
    /// Goes on from the phase that was stored last, also after a failure or a stop; a run at work or completed stays as
    /// it is.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such run.</exception>
    [Alias("resume")]
    Task ResumeAsync(CancellationToken cancellationToken = default);

    /// <summary>Has the run read its data from another place; the data must be the same (<see cref="DataContents"/>).</summary>
    /// <param name="path">Folder or file, as every silo knows it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="InvalidOperationException">There is no such run.</exception>
    [Alias("moveData")]
    Task MoveDataAsync(string path, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stops the run where it is, durably: no silo goes on with it until <see cref="ResumeAsync"/>, which goes on from
    /// the stored phase with the same numbers. What nodes are at is finished, stored and used then. A repeat changes
    /// nothing, nor does a stop of a run that has ended.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such run.</exception>
    [Alias("stop")]
    Task StopAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes what is stored of the run: its library's modules, its nodes, its line in the directory, itself. What only
    /// names its weights elsewhere keeps them. After a failure on the way a repeat goes on; of a run that does not exist
    /// nothing is removed.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is at work, or a run that is not over takes its experts.</exception>
    [Alias("remove")]
    Task<RemovedRun> RemoveAsync(CancellationToken cancellationToken = default);

    /// <summary>A node leaves: from the next round on it is not asked. Its updates up to then count.</summary>
    /// <param name="node">Its place among the run's nodes, from 0.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="InvalidOperationException">There is no such run or node.</exception>
    [Alias("leave")]
    Task LeaveAsync(int node, CancellationToken cancellationToken = default);

    /// <summary>A node joins or returns: it is asked from the next round on.</summary>
    /// <param name="node">Its place among the run's nodes, from 0.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="InvalidOperationException">There is no such run or node.</exception>
    [Alias("join")]
    Task JoinAsync(int node, CancellationToken cancellationToken = default);

    /// <summary>The run's settings, or null when there is no such run.</summary>
    [AlwaysInterleave, Alias("settings")]
    Task<RunSettings?> GetSettingsAsync(CancellationToken cancellationToken = default);

    /// <summary>The run's nodes, in their order; none when there is no such run.</summary>
    [AlwaysInterleave, Alias("nodes")]
    Task<IReadOnlyList<RunNode>> ListNodesAsync(CancellationToken cancellationToken = default);

    /// <summary>Where the run is, with the events after a sequence number, as far back as they are kept.</summary>
    [AlwaysInterleave, Alias("progress")]
    Task<RunProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default);

    /// <summary>The report, or null before the run is finished.</summary>
    [AlwaysInterleave, Alias("report")]
    Task<RunReport?> GetReportAsync(CancellationToken cancellationToken = default);
}

/// <summary>What was stored of a run and is no more.</summary>
/// <param name="Modules">Modules of its library.</param>
/// <param name="Nodes">Nodes that had stored anything.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RemovedRun")]
public sealed record RemovedRun([property: Id(0)] int Modules, [property: Id(1)] int Nodes);

/// <summary>Where a run is.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.RunProgress")]
public sealed record RunProgress
{
    /// <summary>The phase.</summary>
    [Id(0)]
    public required RunPhase Phase { get; init; }

    /// <summary>The task, from 0.</summary>
    [Id(1)]
    public int Task { get; init; }

    /// <summary>The round within the task, from 0.</summary>
    [Id(2)]
    public int Round { get; init; }

    /// <summary>Share of preservation done, in [0, 1].</summary>
    [Id(3)]
    public double PreservationProgress { get; init; }

    /// <summary>Share of the current task's rounds and evaluation done, in [0, 1].</summary>
    [Id(4)]
    public double TaskProgress { get; init; }

    /// <summary>Events after the sequence number asked for, oldest first.</summary>
    [Id(5)]
    public RunEvent[] Events { get; init; } = [];

    /// <summary>What went wrong, when failed.</summary>
    [Id(6)]
    public string? Error { get; init; }

    /// <summary>Whether the run was stopped and waits to be resumed; its phase is where it goes on.</summary>
    [Id(7)]
    public bool IsStopped { get; init; }

    /// <summary>Whether a silo is at work on it now.</summary>
    [Id(8)]
    public bool IsAtWork { get; init; }

    /// <summary>W3C trace context of the current round; null between rounds and without tracing.</summary>
    [Id(9)]
    public string? Trace { get; init; }

    /// <summary>What the run's silo waits for, such as room on its disk; null when it waits for nothing.</summary>
    [Id(10)]
    public string? Waiting { get; init; }
}

/// <summary>Phases of a run. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.RunPhase")]
public enum RunPhase
{
    /// <summary>Not started.</summary>
    Created = 0,

    /// <summary>The legacy model is trained and taken apart (proposal 3.2).</summary>
    Preserve = 1,

    /// <summary>The task's module is reused or spawned.</summary>
    Assign = 2,

    /// <summary>Nodes train the task's module (proposal 3.4.1).</summary>
    Train = 3,

    /// <summary>The coordinator merges the nodes' updates (proposal 3.4.2).</summary>
    Merge = 4,

    /// <summary>Entropy statistics of the merged module (proposal 3.3).</summary>
    Specialize = 5,

    /// <summary>All tasks seen are evaluated through the router (proposal 3.5).</summary>
    Evaluate = 6,

    /// <summary>Finished.</summary>
    Completed = 7,

    /// <summary>Cannot go on; see the error.</summary>
    Failed = 8,

    /// <summary>
    /// Routing is fitted to the nodes' exemplars (docs/adr/0018); between <see cref="Specialize"/> and
    /// <see cref="Evaluate"/>.
    /// </summary>
    Calibrate = 9,
}

/// <summary>
/// What it took to learn a task's expert and to measure its statistics, in all: without the fit of the routing and
/// without evaluation. A legacy model counts with the first task.
/// </summary>
/// <param name="DeviceSeconds">Device time of all participants.</param>
/// <param name="WallSeconds">Time the run was at work.</param>
/// <param name="BytesUp">Bytes that nodes sent.</param>
/// <param name="BytesDown">Bytes that nodes fetched.</param>
/// <param name="DenseBytes">What the updates would have taken as dense fp32.</param>
[GenerateSerializer, Immutable, Alias("dmkd.LearningCost")]
public sealed record LearningCost(
    [property: Id(0)] double DeviceSeconds,
    [property: Id(1)] double WallSeconds,
    [property: Id(2)] long BytesUp,
    [property: Id(3)] long BytesDown,
    [property: Id(4)] long DenseBytes
)
{
    /// <summary>Nothing yet.</summary>
    public static LearningCost None { get; } = new(0, 0, 0, 0, 0);

    /// <summary>What was added since an earlier count.</summary>
    /// <param name="earlier">The earlier count.</param>
    public LearningCost Since(LearningCost earlier)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        return new(
            DeviceSeconds - earlier.DeviceSeconds,
            WallSeconds - earlier.WallSeconds,
            BytesUp - earlier.BytesUp,
            BytesDown - earlier.BytesDown,
            DenseBytes - earlier.DenseBytes
        );
    }
}
