namespace Dmkd.Grains.Storage;

/// <summary>An actor's state in memory is not what is stored, because a write failed or another activation went further: the actor ends, and the call can be repeated.</summary>
internal sealed class StateLostException() : OrleansException("The actor's state is not the stored one; it is being activated anew. Repeat the call.");
