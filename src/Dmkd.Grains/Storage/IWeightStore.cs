namespace Dmkd.Grains.Storage;

/// <summary>
/// Content-addressed store of weights and updates. Grain state names what lies here by digest; a blob is written and synced
/// before the state that names it, so a crash in between leaves an orphan and never a dangling name.
/// </summary>
public interface IWeightStore
{
    /// <summary>Stores bytes under their digest; storing the same bytes again changes nothing.</summary>
    /// <returns>The digest.</returns>
    Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>Reads and verifies a blob.</summary>
    /// <exception cref="WeightStoreException">There is no such blob, or its content no longer has the digest.</exception>
    Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default);
}
