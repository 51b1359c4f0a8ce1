using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Merging;
using Dmkd.Hosting.Storage;

namespace Dmkd.Chaos.Simulation;

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
