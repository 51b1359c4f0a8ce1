using Dmkd.Core;
using Dmkd.Data.Images;
using Dmkd.Data.Seeds;

namespace Dmkd.Data.Partitioning;

/// <summary>
/// The private training images of a run's nodes, task by task: the same for every method that gets the same seed.
/// </summary>
public static class TaskShards
{
    /// <summary>Cuts a task's images into shards by <see cref="DirichletPartitioner"/>.</summary>
    /// <param name="train">All training images. Borrowed.</param>
    /// <param name="tasks">The tasks.</param>
    /// <param name="task">Position of the task, in [0, tasks).</param>
    /// <param name="nodes">Number of shards, at least 1.</param>
    /// <param name="concentration">The Dirichlet parameter, above 0.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <returns>Ascending positions in <paramref name="train"/> for each node, owned by the caller.</returns>
    /// <exception cref="DatasetException">The task has too few images for that many nodes.</exception>
    public static IReadOnlyList<int[]> Partition(
        ImageSet train,
        TaskSequence tasks,
        int task,
        int nodes,
        double concentration,
        int seed
    )
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(tasks);
        int[] ofTask = train.PositionsOf(tasks.ClassesOf(task));
        int[] labels = [.. ofTask.Select(position => train.Labels[position])];
        var shares = DirichletPartitioner.Partition(
            labels,
            nodes,
            concentration,
            SeedSequence.Derive(seed, SeedPurpose.NodeShares, task)
        );
        return [.. shares.Select(share => share.Select(position => ofTask[position]).ToArray())];
    }
}
