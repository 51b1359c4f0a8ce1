using Dmkd.Client.Errors;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;

namespace Dmkd.Client.Hosting;

/// <summary>A stored run.</summary>
/// <param name="Grain">The run itself.</param>
/// <param name="RunId">Its id.</param>
/// <param name="Settings">Its settings.</param>
/// <param name="StartedAt">When it began; null when the directory does not know it yet.</param>
internal sealed record FoundRun(ITrainingRunGrain Grain, string RunId, RunSettings Settings, DateTimeOffset? StartedAt)
{
    /// <summary>Finds a run.</summary>
    /// <param name="grains">Where to look.</param>
    /// <param name="runId">Its id.</param>
    /// <param name="place">The place, for the message.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="BadInputException">There is no such run.</exception>
    public static async Task<FoundRun> OfAsync(
        IGrainFactory grains,
        string runId,
        string place,
        CancellationToken cancellationToken
    )
    {
        var run = grains.GetGrain<ITrainingRunGrain>(runId);
        var summaries = await ListAsync(grains, cancellationToken);
        var known = summaries.FirstOrDefault(summary => summary.RunId == runId);
        if (await Retried.AskAsync(() => run.GetSettingsAsync(cancellationToken), cancellationToken) is { } settings)
            return new FoundRun(run, runId, settings, known?.StartedAt);
        if (known is not null)
            throw new BadInputException(
                $"'{runId}' is a library made by preserve, not a run; it goes on with: dmkd preserve --resume {runId}."
            );
        string others = summaries.Count == 0 ? "there are none yet" : $"the newest is '{summaries[^1].RunId}'";
        throw new BadInputException($"There is no run '{runId}' in {place}; {others}. `dmkd runs list` shows them.");
    }

    /// <summary>What the directory knows, oldest first: runs, and libraries made by <c>preserve</c>.</summary>
    public static Task<IReadOnlyList<RunSummary>> ListAsync(
        IGrainFactory grains,
        CancellationToken cancellationToken
    ) =>
        Retried.AskAsync(
            () => grains.GetGrain<ILibraryDirectoryGrain>(ILibraryDirectoryGrain.Key).ListRunsAsync(cancellationToken),
            cancellationToken
        );

    /// <summary>Where the run is.</summary>
    /// <param name="afterEvent">Number of the last feed line that is known.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<RunProgress> ProgressAsync(long afterEvent, CancellationToken cancellationToken) =>
        Retried.AskAsync(() => Grain.GetProgressAsync(afterEvent, cancellationToken), cancellationToken);
}
