using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Modules;
using Dmkd.Core.Preservation;
using Dmkd.Core.Training;
using Dmkd.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>The backbone of all baselines: an expert's layers under one head for all classes.</summary>
internal static class SharedNetwork
{
    /// <summary>Describes the network of a problem.</summary>
    public static NetworkArchitecture ArchitectureOf(ContinualProblem problem)
    {
        var settings = problem.Settings;
        var images = problem.Dataset.Train;
        return NetworkFamily.Of(settings.Training.Architecture, settings.Training.Widths, images.Channels, images.Height, hasLegacy: settings.Legacy.Tasks > 0)
            .Expert(problem.Dataset.ClassNames.Count);
    }

    /// <summary>Builds it.</summary>
    /// <param name="job">The lane; the network comes to its device.</param>
    /// <param name="problem">The problem.</param>
    /// <param name="path">Numbers that tell its first weights from others; none for those all baselines start from.</param>
    /// <returns>In the current scope; owned by the caller.</returns>
    public static Network Build(DeviceJob job, ContinualProblem problem, params ReadOnlySpan<long> path)
    {
        using var generator = new Generator((ulong)SeedSequence.Derive(problem.Settings.Seed, [SeedPurpose.BaselineWeights, .. path]), CPU);
        var network = ArchitectureOf(problem).Build(generator);
        network.to(job.Device);
        return network;
    }

    /// <summary>The training images of some classes of all nodes, labelled by class. Owned by the caller.</summary>
    public static ImageTensors TrainingImages(ContinualProblem problem, IReadOnlyCollection<int> classes) =>
        Images(problem, problem.Dataset.Train.PositionsOf(classes));

    /// <summary>Some training images, labelled by class. Owned by the caller.</summary>
    public static ImageTensors Images(ContinualProblem problem, ReadOnlySpan<int> positions)
    {
        var chosen = problem.Dataset.Train.Select(positions);
        return ImageTensors.From(chosen.Pixels, chosen.Labels, chosen.Channels, chosen.Height);
    }
}
