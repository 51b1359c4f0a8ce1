using Orleans.Concurrency;

namespace Dmkd.Contracts.Runs;

/// <summary>Sets the pace of a run: preservation, then per task rounds, merges, statistics and evaluation. Key: the run's id.</summary>
[Alias("dmkd.ITrainingRunGrain")]
public interface ITrainingRunGrain : IGrainWithStringKey
{
    /// <summary>Begins and returns at once; a repeat with the same settings goes on.</summary>
    /// <exception cref="InvalidOperationException">The run exists with other settings.</exception>
    [Alias("start")]
    Task StartAsync(RunSettings settings, CancellationToken cancellationToken = default);

    /// <summary>Goes on from the phase that was stored last; a run at work or finished stays as it is.</summary>
    /// <returns>The run's settings, or null when there is no such run.</returns>
    [Alias("resume")]
    Task<RunSettings?> ResumeAsync(CancellationToken cancellationToken = default);

    /// <summary>Where the run is, with the feed after a sequence number.</summary>
    [AlwaysInterleave, Alias("progress")]
    Task<RunProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default);

    /// <summary>The report, or null before the run is finished.</summary>
    [AlwaysInterleave, Alias("report")]
    Task<RunReport?> GetReportAsync(CancellationToken cancellationToken = default);
}
