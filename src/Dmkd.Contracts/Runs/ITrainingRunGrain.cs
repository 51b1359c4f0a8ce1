using Orleans.Concurrency;

namespace Dmkd.Contracts.Runs;

/// <summary>Sets the pace of a run: preservation, then per task rounds, merges, statistics and evaluation. Key: the run's id.</summary>
[Alias("dmkd.ITrainingRunGrain")]
public interface ITrainingRunGrain : IGrainWithStringKey
{
    /// <summary>Begins and returns at once.</summary>
    /// <exception cref="InvalidOperationException">The run exists.</exception>
    [Alias("start")]
    Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default);

    /// <summary>Goes on from the phase that was stored last, also after a failure or a stop; a run at work or completed stays as it is.</summary>
    /// <exception cref="InvalidOperationException">There is no such run.</exception>
    [Alias("resume")]
    Task ResumeAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Stops the run where it is, durably: no silo goes on with it until <see cref="ResumeAsync"/>, which goes on from the stored phase with the same
    /// numbers. What nodes are at is finished, stored and used then. A repeat changes nothing, nor does a stop of a run that has ended.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such run.</exception>
    [Alias("stop")]
    Task StopAsync(CancellationToken cancellationToken = default);

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
