namespace Dmkd.Grains.Storage;

/// <summary>What a collection of unnamed weights did.</summary>
/// <param name="Named">Different blobs that stored state names.</param>
/// <param name="Removed">Blobs removed, or that would be.</param>
/// <param name="RemovedBytes">Their size in bytes.</param>
public sealed record CollectedWeights(int Named, int Removed, long RemovedBytes);
