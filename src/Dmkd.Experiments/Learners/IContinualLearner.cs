using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Core.Devices;
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

/// <summary>Makes a baseline; a static method that fits, with a <see cref="NamedAttribute"/>, is one.</summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="parameters">Its parameters.</param>
public delegate IContinualLearner BaselineFactory(DeviceWorker device, MethodParameters parameters);

/// <summary>
/// The baselines by name. DMKD itself is not among them: it needs a cluster, and whoever has one makes it.
/// </summary>
public static class BaselineCatalog
{
    /// <summary>The baselines.</summary>
    public static Registry<BaselineFactory> Known { get; } = new("baseline");

    /// <summary>Names of the baselines.</summary>
    public static IReadOnlyList<string> Names => Known.Names;

    /// <summary>Makes a baseline.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="parameters">Its parameters; all must be known to it.</param>
    /// <param name="device">Where it computes. Borrowed.</param>
    /// <exception cref="MethodParameterException">There is no such baseline, or it refuses a parameter.</exception>
    public static IContinualLearner Create(string name, MethodParameters parameters, DeviceWorker device)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (Known.ProblemOf(name) is { } problem)
            throw new MethodParameterException(problem);
        var learner = Known.Find(name)(device, parameters);
        parameters.RequireAllRead();
        return learner;
    }
}
