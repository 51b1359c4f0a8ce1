using System.Text.Json;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Nodes;
using Dmkd.Hosting.Storage;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// Weights of a simulated module: the list of local updates that are in them, so that every single one can be found
/// again.
/// </summary>
/// <param name="Updates">Each as <c>node/round</c>, in the order they were merged in.</param>
internal sealed record Tally(string[] Updates)
{
    /// <summary>Nodes whose statistics are in the weights, in node order.</summary>
    public string[] Statistics { get; init; } = [];

    /// <summary>Reads weights or an update.</summary>
    public static Tally Read(byte[] content) => JsonSerializer.Deserialize<Tally>(content)!;

    /// <summary>Name of a node's update of a round.</summary>
    public static string Name(int node, int round) => $"{node}/{round}";

    /// <summary>As bytes.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this);
}

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

/// <summary>Merges tallies: the base's updates and then the contributors', in node order.</summary>
internal sealed class TallyMergeWork(World world, IWeightStore disk) : IMergeWork
{
    public async Task<SubmissionCheck> CheckAsync(MergeRoundPlan plan, StoredBlob? basis, DeltaSubmission submission)
    {
        byte[] content = submission.Tensors.Inline ?? await disk.GetAsync(submission.Tensors.Blob.Digest);
        await disk.PutAsync(content);
        return new SubmissionCheck(null, content.Length);
    }

    public async Task<StoredBlob> MakeBasisAsync(
        MergeRoundPlan plan,
        IReadOnlyList<AcceptedUpdate> proposalsInNodeOrder
    )
    {
        await world.Delay(world.Between(0, 0.5));
        byte[] content = new Tally([.. proposalsInNodeOrder.Select(part => part.NodeId)]).ToBytes();
        return new StoredBlob(await disk.PutAsync(content), content.Length);
    }

    public async Task<MergedModule?> MergeAsync(
        MergeRoundPlan plan,
        StoredBlob? basis,
        IReadOnlyList<AcceptedUpdate> inNodeOrder,
        string? momentum,
        Action<string, string> refuse
    )
    {
        await world.Delay(world.Between(0, 2));
        List<string> updates = [.. Tally.Read(await disk.GetAsync(plan.Base.Digest)).Updates];
        foreach (var update in inNodeOrder)
            updates.AddRange(Tally.Read(await disk.GetAsync(update.Tensors!.Digest)).Updates);
        byte[] merged = new Tally([.. updates]).ToBytes();
        var weightOf = inNodeOrder.ToDictionary(update => update.NodeId, _ => 1.0 / inNodeOrder.Count);
        return new MergedModule(new StoredBlob(await disk.PutAsync(merged), merged.Length), weightOf, TimeSpan.Zero);
    }

    public async Task<MergedModule> WithStatisticsAsync(
        MergeRoundPlan plan,
        MergedModule merged,
        IReadOnlyList<StatisticsReport> inNodeOrder
    )
    {
        var tally = Tally.Read(await disk.GetAsync(merged.Weights.Digest));
        byte[] content = (tally with { Statistics = [.. inNodeOrder.Select(TallyMeasuring.NameOf)] }).ToBytes();
        return merged with { Weights = new StoredBlob(await disk.PutAsync(content), content.Length) };
    }
}
