using System.Collections.Concurrent;
using Dmkd.Core.Tensors;
using Dmkd.Hosting.Storage;

namespace Dmkd.Chaos.Poisoning;

/// <summary>A weight store that ends with its run.</summary>
internal sealed class MemoryStore : IWeightStore
{
    private readonly ConcurrentDictionary<string, byte[]> _blobs = [];

    public Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        string digest = WeightDigest.Of(content.Span);
        _blobs.TryAdd(digest, content.ToArray());
        return Task.FromResult(digest);
    }

    public Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default) =>
        _blobs.TryGetValue(digest, out byte[]? content)
            ? Task.FromResult(content)
            : throw new WeightStoreException($"There is no {digest}.");
}
