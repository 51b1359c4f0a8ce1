using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Nodes;
using Dmkd.Hosting.Storage;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// "Trains" by adding the name of the node and the round. What is fed back as compression error is the list of the
/// node's updates that counted.
/// </summary>
internal sealed class TallyNodeWork(World world, IWeightStore disk, double slowness, Journal journal) : INodeWork
{
    /// <summary>Images that a node's first update claims.</summary>
    public const int MinSamples = 10;

    public async Task<TrainedUpdate> TrainAsync(
        LocalUpdateRequest request,
        HeldModule? held,
        string startingDigest,
        string? residual,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        string[] counted = residual is null ? [] : Tally.Read(await disk.GetAsync(residual, cancellationToken)).Updates;
        journal.Residual(request, counted);
        journal.Note(
            world.Now,
            () =>
                $"node {request.NodeIndex} trains {request.WorkKey} on version {request.Base.Number}, held round "
                + $"{held?.Round} pending {held?.NextResidual?[..4]} submission {held?.Packed?.Digest[..4]} done "
                + $"{held?.IsDone}, counted {string.Join(' ', counted)}"
        );
        await world.Delay(world.Between(1, 4) * slowness);
        cancellationToken.ThrowIfCancellationRequested();
        string[] starting = Tally.Read(await disk.GetAsync(startingDigest, cancellationToken)).Updates;
        string[] start = Tally.Read(await disk.GetAsync(request.Base.Digest, cancellationToken)).Updates;
        string[] trained = [.. starting, Tally.Name(request.NodeIndex, request.Round)];
        return new TrainedUpdate(
            MinSamples + counted.Length,
            0.5,
            TimeSpan.FromSeconds(1),
            0,
            request.SubmitsDelta ? null : new Tally(trained).ToBytes(),
            request.SubmitsDelta ? new Tally([.. trained[start.Length..]]).ToBytes() : null
        );
    }

    public Task<byte[]> ProposeAsync(LocalUpdateRequest request, byte[] update, CancellationToken cancellationToken) =>
        Task.FromResult(update);

    public async Task<PackedUpdate> PackAsync(
        LocalUpdateRequest request,
        byte[] update,
        StoredBlob? basis,
        CancellationToken cancellationToken
    )
    {
        await world.Delay(world.Between(0, 0.2));
        string[] counted = [.. journal.LastResidual(request), Tally.Name(request.NodeIndex, request.Round)];
        return new PackedUpdate(update, new Tally(counted).ToBytes(), TimeSpan.Zero);
    }
}
