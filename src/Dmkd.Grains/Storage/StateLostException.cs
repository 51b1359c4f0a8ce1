namespace Dmkd.Grains.Storage;

/// <summary>A write of an actor's state failed and the actor is ending; the call can be repeated.</summary>
internal sealed class StateLostException() : OrleansException("The actor's state could not be stored; it is being activated anew. Repeat the call.");
