namespace Dmkd.Grains.Storage;

/// <summary>A store takes nothing at the moment, because its disk is full or it cannot be reached; the same call may succeed later. The message says which store and why.</summary>
public sealed class StoreUnavailableException(string message) : Exception(message);
