using Dmkd.Hosting.Lifecycle;

namespace Dmkd.Hosting.Storage;

/// <summary>
/// Stores an actor's state, one write at a time. After a write that failed nobody knows what is stored: the actor ends,
/// and its next activation reads the truth.
/// </summary>
/// <param name="slot">The state.</param>
/// <param name="onBroken">Ends the actor; called once.</param>
internal sealed class StateWriter<TState>(IStateSlot<TState> slot, Action onBroken)
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Whether a write failed: what is in memory must not be told to anybody any more.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>The state in memory.</summary>
    /// <exception cref="StateLostException">A write failed.</exception>
    public TState State => IsBroken ? throw new StateLostException() : slot.State;

    /// <summary>Stores the state as it is when the write's turn comes.</summary>
    /// <exception cref="StateLostException">An earlier write failed.</exception>
    public async Task WriteAsync()
    {
        await _turn.WaitAsync();
        try
        {
            if (IsBroken)
                throw new StateLostException();
            await slot.WriteAsync();
        }
        catch (Exception e) when (e is not StateLostException)
        {
            IsBroken = true;
            onBroken();
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }
}

/// <summary>The persisted state of one actor. Actors that can be simulated know this, not Orleans.</summary>
internal interface IStateSlot<out TState>
{
    /// <summary>The state in memory.</summary>
    TState State { get; }

    /// <summary>Stores the state.</summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">Another activation has written
    /// meanwhile.</exception>
    Task WriteAsync();
}

/// <summary>A grain's state in Orleans' storage.</summary>
internal sealed class PersistentSlot<TState>(IPersistentState<TState> storage) : IStateSlot<TState>
{
    public TState State => storage.State;

    public Task WriteAsync() => storage.WriteStateAsync();
}

/// <summary>
/// Names of persisted states. Rows are keyed by state name and grain key, not by class: two classes with one name would
/// overwrite each other, so every grain class has its own and a test checks it.
/// </summary>
internal static class StorageNames
{
    public const string Provider = "dmkd";
    public const string ExpertModule = "expert-module";
    public const string ModuleCatalog = "module-catalog";
    public const string LibraryDirectory = "library-directory";
    public const string Preservation = "preservation";
    public const string Node = "node";
    public const string NodeDirectory = "node-directory";
    public const string MergeCoordinator = "merge-coordinator";
    public const string TrainingRun = "training-run";
}
