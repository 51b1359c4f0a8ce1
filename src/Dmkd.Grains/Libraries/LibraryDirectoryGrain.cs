using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Libraries;

/// <summary>A <see cref="LibraryDirectory"/> as a grain.</summary>
internal sealed class LibraryDirectoryGrain : Grain, ILibraryDirectoryGrain
{
    private readonly LibraryDirectory _directory;

    public LibraryDirectoryGrain(
        [PersistentState(StorageNames.LibraryDirectory, StorageNames.Provider)]
            IPersistentState<LibraryDirectoryState> storage
    ) => _directory = new LibraryDirectory(new PersistentSlot<LibraryDirectoryState>(storage), DeactivateOnIdle);

    public Task RecordRunAsync(RunSummary summary, CancellationToken cancellationToken = default) =>
        _directory.RecordAsync(summary);

    public Task ForgetRunAsync(string runId, CancellationToken cancellationToken = default) =>
        _directory.ForgetAsync(runId);

    public Task<IReadOnlyList<RunSummary>> ListRunsAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_directory.Runs);
}

/// <summary>
/// Persists one line per run. Knows nothing of Orleans, so that tests/Dmkd.Chaos can run it under simulated faults.
/// </summary>
internal sealed class LibraryDirectory(IStateSlot<LibraryDirectoryState> slot, Action onBroken)
{
    private readonly StateWriter<LibraryDirectoryState> _writer = new(slot, onBroken);

    /// <summary>The runs, oldest first.</summary>
    public IReadOnlyList<RunSummary> Runs => [.. _writer.State.Runs];

    /// <summary>Adds a run or replaces what is known of it; what is known already is not stored again.</summary>
    public async Task RecordAsync(RunSummary summary)
    {
        var runs = _writer.State.Runs;
        int known = runs.FindIndex(run => run.RunId == summary.RunId);
        if (known >= 0 && (runs[known] == summary || IsLate(summary, runs[known])))
            return;
        if (known < 0)
            runs.Add(summary);
        else
            runs[known] = summary;
        await _writer.WriteAsync();
    }

    /// <summary>Takes a run out.</summary>
    public async Task ForgetAsync(string runId)
    {
        if (_writer.State.Runs.RemoveAll(run => run.RunId == runId) > 0)
            await _writer.WriteAsync();
    }

    /// <summary>A run that is completed stays so: what says otherwise was sent before, and comes late.</summary>
    private static bool IsLate(RunSummary summary, RunSummary known) =>
        known.Phase is RunPhase.Completed
        && summary.Phase is not RunPhase.Completed
        && summary.StartedAt <= known.StartedAt;
}

/// <summary>The runs, oldest first.</summary>
internal sealed class LibraryDirectoryState
{
    public List<RunSummary> Runs { get; set; } = [];
}
