using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Wire;
using Dmkd.Grains.Merging;

namespace Dmkd.Chaos.Simulation;

/// <summary>Merges tallies: the base's updates and then the contributors', in node order.</summary>
internal sealed class TallyMergeWork(World world, Disk disk, TallyCodec codec) : IMergeWork
{
    public async Task<ReceivedDelta> ReceiveAsync(MergeRoundPlan plan, StoredBlob? basis, DeltaSubmission submission)
    {
        byte[] content = codec.Encode(submission);
        string fingerprint = string.Join(' ', Tally.Read(Values(submission)).Updates);
        string digest = await disk.PutAsync(content);
        return new ReceivedDelta(null, new AcceptedDelta(digest, content.Length, content.Length, submission.SampleCount, Fingerprint: fingerprint));
    }

    public async Task<StoredBlob> MakeBasisAsync(MergeRoundPlan plan, IReadOnlyList<NodeDelta> projectedInNodeOrder)
    {
        await world.Delay(world.Between(0, 0.5));
        byte[] content = new Tally([.. projectedInNodeOrder.Select(part => part.NodeId)]).ToBytes();
        return new StoredBlob(await disk.PutAsync(content), content.Length);
    }

    public async Task<MergedModule?> MergeAsync(
        MergeRoundPlan plan, StoredBlob? basis, IReadOnlyList<NodeDelta> inNodeOrder, string? momentum, Action<string, string> refuse)
    {
        await world.Delay(world.Between(0, 2));
        List<string> updates = [.. Tally.Read(await disk.GetAsync(plan.Base.Digest)).Updates];
        foreach (var (_, delta) in inNodeOrder) updates.AddRange(Tally.Read(Values(codec.Decode(await disk.GetAsync(delta.Digest)))).Updates);
        byte[] merged = new Tally([.. updates]).ToBytes();
        return new MergedModule(
            new StoredBlob(await disk.PutAsync(merged), merged.Length), null, null, null,
            inNodeOrder.ToDictionary(entry => entry.NodeId, _ => 1.0 / inNodeOrder.Count), TimeSpan.Zero);
    }

    public Task<MergedModule> WithStatisticsAsync(MergeRoundPlan plan, MergedModule merged, IReadOnlyList<StatisticsReport> inNodeOrder) => Task.FromResult(merged);

    private static byte[] Values(DeltaSubmission submission) => ((DenseTensorPayload)submission.Tensors[0]).Values;
}
