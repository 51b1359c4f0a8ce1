using Dmkd.Client.Errors;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Libraries;

namespace Dmkd.Client.Hosting;

/// <summary>A stored run.</summary>
/// <param name="Reader">Tells where it is.</param>
/// <param name="RunId">Its id.</param>
/// <param name="Settings">Its settings.</param>
/// <param name="StartedAt">When it began; null when the directory does not know it yet.</param>
internal sealed record FoundRun(IStateReader Reader, string RunId, RunSettings Settings, DateTimeOffset? StartedAt)
{
    /// <summary>Finds a run.</summary>
    /// <param name="reader">Where to look.</param>
    /// <param name="runId">Its id.</param>
    /// <param name="place">The place, for the message.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="BadInputException">There is no such run.</exception>
    public static async Task<FoundRun> OfAsync(
        IStateReader reader,
        string runId,
        string place,
        CancellationToken cancellationToken
    )
    {
        var summaries = await reader.ListRunsAsync(cancellationToken);
        var known = summaries.FirstOrDefault(summary => summary.RunId == runId);
        if (await reader.GetSettingsAsync(runId, cancellationToken) is { } settings)
            return new FoundRun(reader, runId, settings, known?.StartedAt);
        if (known is not null)
            throw new BadInputException(
                $"'{runId}' is a library made by preserve, not a run; it goes on with: dmkd preserve --resume {runId}."
            );
        string others = summaries.Count == 0 ? "there are none yet" : $"the newest is '{summaries[^1].RunId}'";
        throw new BadInputException($"There is no run '{runId}' in {place}; {others}. `dmkd runs list` shows them.");
    }

    /// <summary>The run itself.</summary>
    public ITrainingRunGrain In(ICluster cluster) => cluster.Grains.GetGrain<ITrainingRunGrain>(RunId);

    /// <summary>Where the run is.</summary>
    /// <param name="afterEvent">Number of the last feed line that is known.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<RunProgress> ProgressAsync(long afterEvent, CancellationToken cancellationToken) =>
        Reader.GetProgressAsync(RunId, afterEvent, cancellationToken);
}
