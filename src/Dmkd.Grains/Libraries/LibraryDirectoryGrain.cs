using Dmkd.Contracts.Libraries;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Libraries;

/// <summary>Persists one line per run.</summary>
internal sealed class LibraryDirectoryGrain(
    [PersistentState(StorageNames.LibraryDirectory, StorageNames.Provider)]
        IPersistentState<LibraryDirectoryState> storage
) : Grain, ILibraryDirectoryGrain
{
    public async Task RecordRunAsync(RunSummary summary, CancellationToken cancellationToken = default)
    {
        int known = storage.State.Runs.FindIndex(run => run.RunId == summary.RunId);
        if (known < 0)
            storage.State.Runs.Add(summary);
        else
            storage.State.Runs[known] = summary;
        await storage.WriteStateAsync(cancellationToken);
    }

    public Task<IReadOnlyList<RunSummary>> ListRunsAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<RunSummary>>([.. storage.State.Runs]);
}

/// <summary>The runs, oldest first.</summary>
internal sealed class LibraryDirectoryState
{
    public List<RunSummary> Runs { get; set; } = [];
}
