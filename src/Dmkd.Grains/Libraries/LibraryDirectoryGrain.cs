using Dmkd.Contracts.Libraries;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Libraries;

/// <summary>Persists one line per run.</summary>
internal sealed class LibraryDirectoryGrain : Grain, ILibraryDirectoryGrain
{
    private readonly StateWriter<LibraryDirectoryState> _writer;

    public LibraryDirectoryGrain(
        [PersistentState(StorageNames.LibraryDirectory, StorageNames.Provider)]
            IPersistentState<LibraryDirectoryState> storage
    ) => _writer = new(new PersistentSlot<LibraryDirectoryState>(storage), DeactivateOnIdle);

    private LibraryDirectoryState State => _writer.State;

    public async Task RecordRunAsync(RunSummary summary, CancellationToken cancellationToken = default)
    {
        int known = State.Runs.FindIndex(run => run.RunId == summary.RunId);
        if (known < 0)
            State.Runs.Add(summary);
        else
            State.Runs[known] = summary;
        await _writer.WriteAsync();
    }

    public Task<IReadOnlyList<RunSummary>> ListRunsAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<RunSummary>>([.. State.Runs]);
}

/// <summary>The runs, oldest first.</summary>
internal sealed class LibraryDirectoryState
{
    public List<RunSummary> Runs { get; set; } = [];
}
