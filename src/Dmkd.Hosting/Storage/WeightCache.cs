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
