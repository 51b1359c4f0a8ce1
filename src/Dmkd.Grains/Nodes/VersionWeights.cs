using Dmkd.Contracts.Experts;
using Dmkd.Core.Merging.Exchanges;
using Dmkd.Core.Tensors;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;

namespace Dmkd.Grains.Nodes;

/// <summary>
/// Gets a version's weights to a node: from its copy of the parent and the merged update where it can, else whole. The
/// digest tells whether both give the same bits; where a machine rounds otherwise, the whole weights are taken.
/// </summary>
internal sealed class VersionWeights(IWeightStore weights, WeightCache cache, SiloDevices devices)
{
    private readonly SharedReads _rebuilds = new();

    /// <summary>The weights as safetensors, and the bytes that had to be fetched.</summary>
    /// <param name="module">The module's key, for telemetry.</param>
    /// <param name="version">The version.</param>
    /// <param name="held">The module as the node holds it; null when it does not.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<(ReadOnlyMemory<byte> Weights, long FetchedBytes)> GetAsync(
        string module,
        ModuleVersion version,
        HeldModule? held,
        CancellationToken cancellationToken
    )
    {
        long fetched = NodeRules.BytesToFetch(held, version);
        bool canRebuild = NodeRules.HasParent(held, version);
        var content = canRebuild
            ? cache.Find(version.Digest) ?? await RebuildAsync(version, cancellationToken)
            : await WholeAsync(version, cancellationToken);
        if (fetched > 0)
            devices.Instruments.WeightsFetched(module, fetched);
        return (content, fetched);
    }

    /// <summary>Bytes that lie in the weight store.</summary>
    public async Task<ReadOnlyMemory<byte>?> ReadAsync(StoredBlob? blob, CancellationToken cancellationToken)
    {
        if (blob is null)
            return null; // in a conditional expression, null would become empty bytes
        return await weights.GetSharedAsync(blob.Digest, cancellationToken);
    }

    /// <summary>The weights as they are stored; damaged ones are made anew where the update is there, and stored.</summary>
    private async Task<ReadOnlyMemory<byte>> WholeAsync(ModuleVersion version, CancellationToken cancellationToken)
    {
        try
        {
            return await weights.GetSharedAsync(version.Digest, cancellationToken);
        }
        catch (WeightStoreException) when (version is { Update: not null, ParentDigest: not null })
        {
            var content = await RebuildAsync(version, cancellationToken);
            await weights.PutAsync(content, cancellationToken);
            return content;
        }
    }

    /// <summary>A silo's nodes all ask for the same version at the end of a round: it is computed once.</summary>
    private Task<ReadOnlyMemory<byte>> RebuildAsync(ModuleVersion version, CancellationToken cancellationToken) =>
        _rebuilds.RunAsync(version.Digest, () => RebuildAsync(version), cancellationToken);

    private async Task<ReadOnlyMemory<byte>> RebuildAsync(ModuleVersion version)
    {
        var parent = await weights.GetSharedAsync(version.ParentDigest!);
        var update = await weights.GetSharedAsync(version.Update!.Digest);
        var basis = await ReadAsync(version.Basis, CancellationToken.None);
        byte[]? content = await devices.Serving.RunAsync(_ => Apply(parent, update, basis));
        if (content is null || WeightDigest.Of(content) != version.Digest)
            return await weights.GetSharedAsync(version.Digest);
        cache.Keep(version.Digest, content);
        return content;
    }

    /// <summary>
    /// The version out of its parent; null when a program before 0.2 wrote the update, in a form that is not read any
    /// more.
    /// </summary>
    private static byte[]? Apply(ReadOnlyMemory<byte> parent, ReadOnlyMemory<byte> update, ReadOnlyMemory<byte>? basis)
    {
        using var start = WeightCodec.Decode(parent.Span);
        try
        {
            var shared = basis is { } known ? UpdateBundle.Read(known, start) : null;
            using var applied = DeltaApplier.Apply(
                start,
                PowerSgdPayload.Joined(UpdateBundle.Read(update, start), shared)
            );
            return WeightCodec.Encode(applied);
        }
        catch (CheckpointFormatException)
        {
            return null;
        }
    }
}
