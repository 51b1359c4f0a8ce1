using Dmkd.Core.Devices;

namespace Dmkd.Experiments.Methods;

/// <summary>The baselines by name. DMKD itself is not among them: it needs a cluster, and whoever has one makes it.</summary>
public static class BaselineCatalog
{
    private static readonly Dictionary<string, Func<DeviceWorker, MethodParameters, IContinualLearner>> Baselines = new()
    {
        [SequentialFineTuning.MethodName] = (device, parameters) => new SequentialFineTuning(device, parameters.Number("learning-rate", SequentialFineTuning.UsualLearningRate, 1e-8, 10)),
    };

    /// <summary>Names of the baselines.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Baselines.Keys];

    /// <summary>Makes a baseline.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="parameters">Its parameters; all must be known to it.</param>
    /// <param name="device">Where it computes. Borrowed.</param>
    /// <exception cref="MethodParameterException">There is no such baseline, or it refuses a parameter.</exception>
    public static IContinualLearner Create(string name, MethodParameters parameters, DeviceWorker device)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (!Baselines.TryGetValue(name, out var make))
            throw new MethodParameterException($"There is no baseline '{name}'; there are: {string.Join(", ", Names)}.");
        var learner = make(device, parameters);
        parameters.RequireAllRead();
        return learner;
    }
}
