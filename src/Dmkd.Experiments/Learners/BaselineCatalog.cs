using Dmkd.Core;
using Dmkd.Core.Devices;

namespace Dmkd.Experiments.Learners;

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
