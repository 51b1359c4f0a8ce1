namespace Dmkd.Grains.Storage;

/// <summary>
/// Stores an actor's state, one write at a time. After a write that failed nobody knows what is stored: the actor ends, and its next
/// activation reads the truth.
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
            if (IsBroken) throw new StateLostException();
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
