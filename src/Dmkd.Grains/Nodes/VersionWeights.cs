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
internal sealed class VersionWeights(IWeightStore weights, SiloDevices devices)
{
    /// <summary>The weights as safetensors, and the bytes that had to be fetched.</summary>
    /// <param name="module">The module's key, for telemetry.</param>
    /// <param name="version">The version.</param>
    /// <param name="held">The module as the node holds it; null when it does not.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<(byte[] Weights, long FetchedBytes)> GetAsync(
        string module,
        ModuleVersion version,
        HeldModule? held,
        CancellationToken cancellationToken
    )
    {
        long fetched = NodeRules.BytesToFetch(held, version);
        byte[]? content = NodeRules.HasParent(held, version) ? await RebuildAsync(version, cancellationToken) : null;
        content ??= await WholeAsync(version, cancellationToken);
        if (fetched > 0)
            devices.Instruments.WeightsFetched(module, fetched);
        return (content, fetched);
    }

    /// <summary>Bytes that lie in the weight store.</summary>
    public async Task<byte[]?> ReadAsync(StoredBlob? blob, CancellationToken cancellationToken) =>
        blob is null ? null : await weights.GetAsync(blob.Digest, cancellationToken);

    /// <summary>The weights as they are stored; damaged ones are made anew where the update is there, and stored.</summary>
    private async Task<byte[]> WholeAsync(ModuleVersion version, CancellationToken cancellationToken)
    {
        try
        {
            return await weights.GetAsync(version.Digest, cancellationToken);
        }
        catch (WeightStoreException) when (version is { Update: not null, ParentDigest: not null })
        {
            if (await RebuildAsync(version, cancellationToken) is not { } content)
                throw;
            await weights.PutAsync(content, cancellationToken);
            return content;
        }
    }

    private async Task<byte[]?> RebuildAsync(ModuleVersion version, CancellationToken cancellationToken)
    {
        byte[] parent = await weights.GetAsync(version.ParentDigest!, cancellationToken);
        byte[]? update = await ReadAsync(version.Update, cancellationToken);
        byte[]? basis = await ReadAsync(version.Basis, cancellationToken);
        byte[]? content = await devices.Serving.RunAsync(_ => Apply(parent, update!, basis), cancellationToken);
        return content is not null && WeightDigest.Of(content) == version.Digest ? content : null;
    }

    /// <summary>
    /// The version out of its parent; null when a program before 0.2 wrote the update, in a form that is not read any
    /// more.
    /// </summary>
    private static byte[]? Apply(byte[] parent, byte[] update, byte[]? basis)
    {
        using var start = WeightCodec.Decode(parent);
        try
        {
            var shared = basis is null ? null : UpdateBundle.Read(basis, start);
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
