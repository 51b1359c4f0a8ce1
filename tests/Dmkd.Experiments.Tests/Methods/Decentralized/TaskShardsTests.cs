using Dmkd.Data.Partitioning;
using Dmkd.Data.Seeds;

namespace Dmkd.Experiments.Tests.Methods.Decentralized;

public sealed class TaskShardsTests
{
    private static readonly TaskSequence Tasks = TaskSequence.Split(4, 2);

    [Fact]
    public void Partition_Task_GivesEachOfItsImagesToOneNode()
    {
        var train = TinyProblem.Dataset().Train;
        var shards = TaskShards.Partition(train, Tasks, task: 1, nodes: 3, concentration: 0.5, seed: 7);
        Assert.Equal(3, shards.Count);
        Assert.Equal(train.PositionsOf(Tasks.ClassesOf(1)), shards.SelectMany(shard => shard).Order());
    }

    [Fact]
    public void Partition_Seed_IsThatOfARun()
    {
        // The path of DMKD's own runs (RunData): purpose 3, then the task. Another one would give baselines other data.
        var train = TinyProblem.Dataset().Train;
        int[] ofTask = train.PositionsOf(Tasks.ClassesOf(1));
        int[] labels = [.. ofTask.Select(position => train.Labels[position])];
        var expected = DirichletPartitioner.Partition(labels, 3, 0.5, SeedSequence.Derive(7, 3, 1));
        var shards = TaskShards.Partition(train, Tasks, task: 1, nodes: 3, concentration: 0.5, seed: 7);
        Assert.Equal(expected.Select(shard => shard.Select(position => ofTask[position])), shards);
    }
}
