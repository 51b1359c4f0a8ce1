using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>What a method does with the batches of a task, and between tasks. One object per run; owns its tensors.</summary>
internal interface ITrainingRule : IDisposable
{
    /// <summary>Training images it keeps of past tasks.</summary>
    int Exemplars => 0;

    /// <summary>The loss of a batch, in the current scope. The model is in training mode.</summary>
    Tensor Loss(TrainingBatch batch);

    /// <summary>Called after each step.</summary>
    void AfterStep(TrainingBatch batch)
    {
    }

    /// <summary>Called before a task is trained, with the model in evaluation mode.</summary>
    /// <param name="task">The task, from 0.</param>
    /// <param name="data">Its images, labelled by class. Borrowed.</param>
    void BeforeTask(int task, ImageTensors data)
    {
    }

    /// <summary>Called after every task but the last, as <see cref="BeforeTask"/>.</summary>
    void AfterTask(int task, ImageTensors data)
    {
    }

    void IDisposable.Dispose()
    {
    }
}
