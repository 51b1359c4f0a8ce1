using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Training;
using Dmkd.Data.Seeds;
using TorchSharp;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// What a method minimises in each task, and does between tasks. One object per run; owns its tensors.
/// </summary>
internal interface ITaskLearner : IDisposable
{
    /// <summary>Training images it keeps of past tasks.</summary>
    int Exemplars => 0;

    /// <summary>Called before a task is trained, with the model in evaluation mode.</summary>
    /// <param name="task">The task, from 0.</param>
    /// <param name="data">Its images, labelled by class. Borrowed.</param>
    /// <returns>What the task's training minimises.</returns>
    Objective BeginTask(int task, ImageTensors data);

    /// <summary>Called after every task but the last, as <see cref="BeginTask"/>.</summary>
    void EndTask(int task, ImageTensors data) { }

    void IDisposable.Dispose() { }
}

/// <summary>A method that does the same in every task and nothing between them.</summary>
/// <param name="objective">What every task's training minimises. Borrowed.</param>
internal sealed class SameObjective(Objective objective) : ITaskLearner
{
    public Objective BeginTask(int task, ImageTensors data) => objective;
}

/// <summary>What a method works with.</summary>
/// <param name="Network">The shared network. Borrowed.</param>
/// <param name="Problem">Data, order and budget.</param>
/// <param name="Job">The lane.</param>
/// <param name="Options">How weights are stepped, with the run's batches, passes and rounds.</param>
internal sealed record LearningContext(
    Network Network,
    ContinualProblem Problem,
    DeviceJob Job,
    TrainingOptions Options
)
{
    /// <summary>A generator for one purpose, owned by the caller.</summary>
    public Generator GeneratorFor(params ReadOnlySpan<long> path) =>
        new((ulong)SeedSequence.Derive(Problem.Settings.Seed, path), CPU);

    /// <summary>A source of random numbers for one purpose.</summary>
    public Random RandomFor(params ReadOnlySpan<long> path) => new(SeedSequence.Derive(Problem.Settings.Seed, path));
}

/// <summary>The backbone of all baselines: an expert's layers under one head for all classes.</summary>
internal static class SharedNetwork
{
    /// <summary>Describes the network of a problem.</summary>
    public static NetworkArchitecture ArchitectureOf(ContinualProblem problem)
    {
        var settings = problem.Settings;
        var images = problem.Dataset.Train;
        return NetworkFamily
            .Of(
                settings.Training.Architecture,
                settings.Training.Widths,
                images.Channels,
                images.Height,
                hasLegacy: settings.Legacy.Tasks > 0
            )
            .Expert(problem.Dataset.ClassNames.Count);
    }

    /// <summary>Builds it.</summary>
    /// <param name="job">The lane; the network comes to its device.</param>
    /// <param name="problem">The problem.</param>
    /// <param name="path">Numbers that tell its first weights from others; none for those all baselines start
    /// from.</param>
    /// <returns>In the current scope; owned by the caller.</returns>
    public static Network Build(DeviceJob job, ContinualProblem problem, params ReadOnlySpan<long> path)
    {
        using var generator = new Generator(
            (ulong)SeedSequence.Derive(problem.Settings.Seed, [SeedPurpose.BaselineWeights, .. path]),
            CPU
        );
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
        return ImageTensors.From(chosen);
    }
}
