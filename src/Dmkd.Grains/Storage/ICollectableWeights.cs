namespace Dmkd.Grains.Storage;

/// <summary>A weight store that can let go of what nothing names any more.</summary>
internal interface ICollectableWeights
{
    /// <summary>Digests of all blobs that have not been stored, or stored again, since a moment.</summary>
    Task<IReadOnlyList<string>> ListUntouchedSinceAsync(DateTimeOffset moment, CancellationToken cancellationToken);

    /// <summary>Removes a blob, unless it was stored again since a moment.</summary>
    /// <param name="digest">Its digest.</param>
    /// <param name="moment">The same moment as was listed by.</param>
    /// <param name="isDryRun">Whether to leave it there and only say how large it is.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Its size in bytes; null when it stays.</returns>
    Task<long?> RemoveAsync(string digest, DateTimeOffset moment, bool isDryRun, CancellationToken cancellationToken);
}
