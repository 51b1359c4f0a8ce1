using Dmkd.Contracts.Runs;
using Dmkd.Data;
using Dmkd.Data.Partitioning;

namespace Dmkd.Experiments;

/// <summary>What a learner is given: the same data, order and budget for every method.</summary>
/// <param name="Dataset">Borrowed.</param>
/// <param name="Settings">Seed, tasks and budget.</param>
public sealed record ContinualProblem(ImageDataset Dataset, RunSettings Settings)
{
    /// <summary>The tasks.</summary>
    public TaskSequence Tasks { get; } = TaskSequence.Split(Dataset.ClassNames.Count, Settings.Tasks);
}
