using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Tests.Stages;

/// <summary>
/// A state that is stored as in production, as JSON, in memory; what was stored can be opened again, as after a crash.
/// </summary>
internal sealed class MemorySlot<TState> : IStateSlot<TState>
    where TState : new()
{
    private static readonly JsonStateSerializer Serializer = new();

    /// <summary>Every state that was stored, oldest first.</summary>
    public List<BinaryData> Stored { get; } = [];

    public TState State { get; private set; } = new();

    public Task WriteAsync()
    {
        Stored.Add(Serializer.Serialize(State));
        return Task.CompletedTask;
    }

    /// <summary>What an activation finds that begins after some of the writes.</summary>
    public MemorySlot<TState> Reopened(int writes) =>
        new() { State = Serializer.Deserialize<TState>(Stored[writes - 1]) };
}
