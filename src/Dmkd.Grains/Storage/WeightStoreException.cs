namespace Dmkd.Grains.Storage;

/// <summary>A blob is missing or damaged; the message names it.</summary>
public sealed class WeightStoreException(string message) : Exception(message);
