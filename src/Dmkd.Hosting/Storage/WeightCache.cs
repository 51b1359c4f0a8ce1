namespace Dmkd.Hosting.Storage;

/// <summary>
/// Blobs by digest, up to a number of bytes; the one not asked for longest goes first. Thread-safe.
/// </summary>
/// <param name="maxBytes">Most bytes of all blobs together; a blob of more than a quarter is not kept.</param>
public sealed class WeightCache(long maxBytes = WeightCache.DefaultBytes)
{
    /// <summary>Room for some hundred modules of the size that runs train.</summary>
    public const long DefaultBytes = 32L << 20;

    private const int MaxShare = 4;

    private readonly Lock _gate = new();
    private readonly LinkedList<Blob> _lastAskedFirst = new();
    private readonly Dictionary<string, LinkedListNode<Blob>> _byDigest = new(StringComparer.Ordinal);
    private long _bytes;

    /// <summary>Bytes of all blobs that are kept.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return _bytes;
        }
    }

    /// <summary>A blob; null when it is not kept.</summary>
    public ReadOnlyMemory<byte>? Find(string digest)
    {
        lock (_gate)
        {
            if (!_byDigest.TryGetValue(digest, out var node))
                return null;
            _lastAskedFirst.Remove(node);
            _lastAskedFirst.AddFirst(node);
            return node.Value.Content;
        }
    }

    /// <summary>Keeps a blob.</summary>
    /// <param name="digest">Its digest, which the caller has verified.</param>
    /// <param name="content">Shared from here on: nobody may change it.</param>
    public void Keep(string digest, ReadOnlyMemory<byte> content)
    {
        if (content.Length > maxBytes / MaxShare)
            return;
        lock (_gate)
        {
            if (_byDigest.ContainsKey(digest))
                return;
            _byDigest.Add(digest, _lastAskedFirst.AddFirst(new Blob(digest, content)));
            _bytes += content.Length;
            while (_bytes > maxBytes)
                Drop(_lastAskedFirst.Last!);
        }
    }

    /// <summary>Lets go of a blob.</summary>
    public void Forget(string digest)
    {
        lock (_gate)
        {
            if (_byDigest.TryGetValue(digest, out var node))
                Drop(node);
        }
    }

    private void Drop(LinkedListNode<Blob> node)
    {
        _lastAskedFirst.Remove(node);
        _byDigest.Remove(node.Value.Digest);
        _bytes -= node.Value.Content.Length;
    }

    private sealed record Blob(string Digest, ReadOnlyMemory<byte> Content);
}

/// <summary>
/// Keeps blobs that were read lately: in a round, everybody on a silo asks for the same few. What is put is not kept,
/// since its bytes are the caller's; what is read from the store has been verified there.
/// </summary>
/// <param name="inner">The store.</param>
/// <param name="cache">Where blobs are kept. Borrowed.</param>
internal sealed class CachedWeightStore(IWeightStore inner, WeightCache cache) : IWeightStore, ICollectableWeights
{
    private readonly SharedReads _reads = new();

    private ICollectableWeights Collectable => (ICollectableWeights)inner;

    public Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        inner.PutAsync(content, cancellationToken);

    public Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default) =>
        inner.GetAsync(digest, cancellationToken);

    public async Task<ReadOnlyMemory<byte>> GetSharedAsync(string digest, CancellationToken cancellationToken = default)
    {
        if (cache.Find(digest) is { } known)
            return known;
        return await _reads.RunAsync(digest, ReadAsync, cancellationToken);

        async Task<ReadOnlyMemory<byte>> ReadAsync()
        {
            var content = await inner.GetSharedAsync(digest, CancellationToken.None);
            cache.Keep(digest, content);
            return content;
        }
    }

    public Task<IReadOnlyList<string>> ListUntouchedSinceAsync(
        DateTimeOffset moment,
        CancellationToken cancellationToken
    ) => Collectable.ListUntouchedSinceAsync(moment, cancellationToken);

    public Task<long?> RemoveAsync(
        string digest,
        DateTimeOffset moment,
        bool isDryRun,
        CancellationToken cancellationToken
    )
    {
        if (!isDryRun)
            cache.Forget(digest);
        return Collectable.RemoveAsync(digest, moment, isDryRun, cancellationToken);
    }
}

/// <summary>
/// Lets those who ask for the same thing at the same time wait for one reading of it. It runs on the pool and ends for
/// all of them: who gives up waiting does not take it from the others.
/// </summary>
internal sealed class SharedReads
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Task<ReadOnlyMemory<byte>>> _running = new(StringComparer.Ordinal);

    /// <summary>Waits for the reading that is under way, or begins one.</summary>
    public Task<ReadOnlyMemory<byte>> RunAsync(
        string key,
        Func<Task<ReadOnlyMemory<byte>>> read,
        CancellationToken cancellationToken
    )
    {
        lock (_gate)
        {
            if (!_running.TryGetValue(key, out var reading))
                _running[key] = reading = Task.Run(() => ReadAsync(key, read), CancellationToken.None);
            return reading.WaitAsync(cancellationToken);
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(string key, Func<Task<ReadOnlyMemory<byte>>> read)
    {
        try
        {
            return await read();
        }
        finally
        {
            lock (_gate)
                _running.Remove(key);
        }
    }
}
