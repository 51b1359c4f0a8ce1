using Dmkd.Core.Devices;
using Dmkd.Experiments.Methods.Decentralized;
using Dmkd.Experiments.Methods.Mixture;
using Dmkd.Experiments.Methods.Modular;
using Dmkd.Experiments.Methods.Regularization;
using Dmkd.Experiments.Methods.Replay;

namespace Dmkd.Experiments.Methods;

/// <summary>The baselines by name. DMKD itself is not among them: it needs a cluster, and whoever has one makes it.</summary>
public static class BaselineCatalog
{
    private static readonly Dictionary<string, Func<DeviceWorker, MethodParameters, IContinualLearner>> Baselines = new(StringComparer.Ordinal)
    {
        [SequentialFineTuning.MethodName] = SequentialFineTuning.Create,
        [JointTraining.MethodName] = JointTraining.Create,
        [ElasticWeightConsolidation.MethodName] = ElasticWeightConsolidation.Create,
        [OnlineElasticWeightConsolidation.MethodName] = OnlineElasticWeightConsolidation.Create,
        [LearningWithoutForgetting.MethodName] = LearningWithoutForgetting.Create,
        [ExperienceReplay.MethodName] = ExperienceReplay.Create,
        [DarkExperienceReplay.MethodName] = DarkExperienceReplay.Create,
        [MixtureOfExperts.MethodName] = MixtureOfExperts.Create,
        [ModuleDistillation.MethodName] = ModuleDistillation.Create,
        [PlainAveraging.MethodName] = PlainAveraging.Create,
        [ActivationMatching.MethodName] = ActivationMatching.Create,
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
