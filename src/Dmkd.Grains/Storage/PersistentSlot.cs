namespace Dmkd.Grains.Storage;

/// <summary>A grain's state in Orleans' storage.</summary>
internal sealed class PersistentSlot<TState>(IPersistentState<TState> storage) : IStateSlot<TState>
{
    public TState State => storage.State;

    public Task WriteAsync() => storage.WriteStateAsync();
}
