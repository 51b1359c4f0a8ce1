using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;

namespace Dmkd.Grains.Nodes;

/// <summary>The long work of a node, on data and tensors.</summary>
internal interface INodeWork
{
    /// <summary>Trains on the node's data.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="held">The module as the node holds it; null before the first work.</param>
    /// <param name="startingDigest">Digest of the weights to start from.</param>
    /// <param name="residual">Digest of what compression has dropped so far, or null.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    /// <param name="cancellationToken">Ends the training.</param>
    Task<TrainedUpdate> TrainAsync(
        LocalUpdateRequest request,
        HeldModule? held,
        string startingDigest,
        string? residual,
        Action<double> progress,
        CancellationToken cancellationToken
    );

    /// <summary>The node's part of the round's shared basis, as safetensors.</summary>
    Task<byte[]> ProposeAsync(LocalUpdateRequest request, byte[] update, CancellationToken cancellationToken);

    /// <summary>Packs an update for sending.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="update">The update, with what was dropped before.</param>
    /// <param name="basis">The round's shared basis, when it has one.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task<PackedUpdate> PackAsync(
        LocalUpdateRequest request,
        byte[] update,
        StoredBlob? basis,
        CancellationToken cancellationToken
    );
}

/// <summary>What a training leaves.</summary>
/// <param name="SampleCount">Images.</param>
/// <param name="MeanLoss">Mean training loss of the last epoch.</param>
/// <param name="DeviceTime">Device time.</param>
/// <param name="DownloadedBytes">Bytes of weights that had to be fetched.</param>
/// <param name="LocalWeights">The trained weights, as safetensors, when the round does not merge.</param>
/// <param name="Update">The update with what compression dropped before, as safetensors, when the round merges and it
/// is not packed already.</param>
internal sealed record TrainedUpdate(
    long SampleCount,
    double MeanLoss,
    TimeSpan DeviceTime,
    long DownloadedBytes,
    byte[]? LocalWeights,
    byte[]? Update
)
{
    /// <summary>Share of the last epoch's answers that were right, in [0, 1]; null where it was not measured.</summary>
    public double? Accuracy { get; init; }

    /// <summary>The update as it travels, when packing it needs no other node: its tensors were at hand.</summary>
    public PackedUpdate? Packed { get; init; }
}

/// <summary>An update as it is stored and travels.</summary>
/// <param name="Tensors">The tensors, as safetensors.</param>
/// <param name="Residual">What packing left out, as safetensors, when error is fed back.</param>
/// <param name="DeviceTime">Device time.</param>
internal sealed record PackedUpdate(byte[] Tensors, byte[]? Residual, TimeSpan DeviceTime);

/// <summary>Whom a node talks to.</summary>
internal interface INodeContacts
{
    /// <summary>The merge coordinator of a module.</summary>
    IMergeCoordinatorGrain CoordinatorOf(string moduleKey);

    /// <summary>All versions of a module, oldest first, at least up to one that exists.</summary>
    Task<IReadOnlyList<ModuleVersion>> HistoryAsync(string moduleKey, int upTo);
}
