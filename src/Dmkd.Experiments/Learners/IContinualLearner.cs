using Dmkd.Contracts.Settings;
using Dmkd.Data.Images;
using Dmkd.Data.Partitioning;

namespace Dmkd.Experiments.Learners;

/// <summary>A method that learns tasks one after the other.</summary>
public interface IContinualLearner
{
    /// <summary>Name in results.</summary>
    string Name { get; }

    /// <summary>Learns all tasks, evaluating all seen so far after each.</summary>
    /// <param name="problem">Data, order and budget.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    /// <param name="cancellationToken">Ends the learning.</param>
    Task<MethodResult> LearnAsync(
        ContinualProblem problem,
        Action<double> progress,
        CancellationToken cancellationToken
    );
}

/// <summary>What a learner is given: the same data, order and budget for every method.</summary>
/// <param name="Dataset">Borrowed.</param>
/// <param name="Settings">Seed, tasks and budget.</param>
public sealed record ContinualProblem(ImageDataset Dataset, RunSettings Settings)
{
    /// <summary>The tasks.</summary>
    public TaskSequence Tasks { get; } =
        TaskSequence.Split(Dataset.ClassNames.Count, Settings.Tasks, Settings.TaskSizes);
}
