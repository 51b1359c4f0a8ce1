namespace Dmkd.Hosting.Storage;

/// <summary>
/// Content-addressed store of weights and updates. Grain state names what lies here by digest; a blob is written and
/// synced before the state that names it, so a crash in between leaves an orphan and never a dangling name.
/// </summary>
public interface IWeightStore
{
    /// <summary>Stores bytes under their digest; storing the same bytes again changes nothing.</summary>
    /// <returns>The digest.</returns>
    Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>Reads and verifies a blob; the bytes are the caller's.</summary>
    /// <exception cref="WeightStoreException">There is no such blob, or its content no longer has the
    /// digest.</exception>
    Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default);

    /// <summary>
    /// As <see cref="GetAsync"/>, for who only reads: others may hold the same bytes, and they may have been read, and
    /// verified, some time ago.
    /// </summary>
    async Task<ReadOnlyMemory<byte>> GetSharedAsync(string digest, CancellationToken cancellationToken = default) =>
        await GetAsync(digest, cancellationToken);
}

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

/// <summary>A blob is missing or damaged; the message names it.</summary>
public sealed class WeightStoreException(string message) : Exception(message);
