namespace Dmkd.Grains.Storage;

/// <summary>The persisted state of one actor. Actors that can be simulated know this, not Orleans.</summary>
internal interface IStateSlot<out TState>
{
    /// <summary>The state in memory.</summary>
    TState State { get; }

    /// <summary>Stores the state.</summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">Another activation has written meanwhile.</exception>
    Task WriteAsync();
}
