using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Wire;

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
        LocalUpdateRequest request, HeldModule? held, string startingDigest, string? residual, Action<double> progress, CancellationToken cancellationToken);

    /// <summary>The node's part of the round's shared basis.</summary>
    Task<TensorPayload[]> ProjectAsync(LocalUpdateRequest request, byte[] update, CancellationToken cancellationToken);

    /// <summary>Compresses an update.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="update">The update, with what was dropped before.</param>
    /// <param name="basis">The round's shared basis, when it has one.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task<PackedUpdate> PackAsync(LocalUpdateRequest request, byte[] update, StoredBlob? basis, CancellationToken cancellationToken);
}
