using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Modules;
using Dmkd.Core.Training;
using Dmkd.Data;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>What a method minimises in each task, and does between tasks. One object per run; owns its tensors.</summary>
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
    void EndTask(int task, ImageTensors data)
    {
    }

    void IDisposable.Dispose()
    {
    }
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
internal sealed record LearningContext(Network Network, ContinualProblem Problem, DeviceJob Job, TrainingOptions Options)
{
    /// <summary>A generator for one purpose, owned by the caller.</summary>
    public Generator GeneratorFor(params ReadOnlySpan<long> path) => new((ulong)SeedSequence.Derive(Problem.Settings.Seed, path), CPU);

    /// <summary>A source of random numbers for one purpose.</summary>
    public Random RandomFor(params ReadOnlySpan<long> path) => new(SeedSequence.Derive(Problem.Settings.Seed, path));
}
