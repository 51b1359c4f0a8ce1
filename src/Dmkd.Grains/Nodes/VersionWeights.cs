using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Wire;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Merging.Compression;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Storage;
using Dmkd.Grains.Wire;

namespace Dmkd.Grains.Nodes;

/// <summary>
/// Gets a version's weights to a node: from its copy of the parent and the merged update where it can, else whole. The digest tells
/// whether both give the same bits; where a machine rounds otherwise, the whole weights are taken.
/// </summary>
internal sealed class VersionWeights(IWeightStore weights, SiloDevices devices, ISubmissionCodec codec)
{
    /// <summary>The weights as safetensors, and the bytes that had to be fetched.</summary>
    /// <param name="module">The module's key, for telemetry.</param>
    /// <param name="version">The version.</param>
    /// <param name="held">The module as the node holds it; null when it does not.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<(byte[] Weights, long FetchedBytes)> GetAsync(string module, ModuleVersion version, HeldModule? held, CancellationToken cancellationToken)
    {
        long fetched = NodeRules.BytesToFetch(held, version);
        byte[]? content = NodeRules.HasParent(held, version) ? await RebuildAsync(version, cancellationToken) : null;
        content ??= await weights.GetAsync(version.Digest, cancellationToken);
        if (fetched > 0) devices.Instruments.WeightsFetched(module, fetched);
        return (content, fetched);
    }

    /// <summary>Tensors that lie in the weight store.</summary>
    public async Task<TensorPayload[]?> TensorsAsync(StoredBlob? blob, CancellationToken cancellationToken) =>
        blob is null ? null : codec.DecodeTensors(await weights.GetAsync(blob.Digest, cancellationToken));

    private async Task<byte[]?> RebuildAsync(ModuleVersion version, CancellationToken cancellationToken)
    {
        byte[] parent = await weights.GetAsync(version.ParentDigest!, cancellationToken);
        var update = await TensorsAsync(version.Update, cancellationToken);
        var basis = await TensorsAsync(version.Basis, cancellationToken);
        byte[] content = await devices.Serving.RunAsync(_ => Apply(parent, update!, basis), cancellationToken);
        return WeightDigest.Of(content) == version.Digest ? content : null;
    }

    private static byte[] Apply(byte[] parent, TensorPayload[] update, TensorPayload[]? basis)
    {
        using var start = WeightCodec.Decode(parent);
        var payload = DeltaWire.FromWire(update);
        using var applied = DeltaApplier.Apply(start, basis is null ? payload : PowerSgdPayload.WithBasis(payload, DeltaWire.FromWire(basis)));
        return WeightCodec.Encode(applied);
    }
}
