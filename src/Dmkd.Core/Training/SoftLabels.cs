using Dmkd.Core.Models;
using static TorchSharp.torch;

namespace Dmkd.Core.Training;

/// <summary>
/// <see cref="DistillationLoss"/> from answers that a teacher gave before: the batch's labels are its logits (proposal
/// 3.2.4).
/// </summary>
public sealed class SoftLabels : Objective
{
    private readonly IReadOnlyList<int> _outputs;
    private readonly double _temperature;

    /// <summary>Chooses who learns what.</summary>
    /// <param name="outputs">The student's outputs that learn the columns of the labels, in their order, at least
    /// one.</param>
    /// <param name="temperature">Softens both distributions, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">An output is negative, or there is none.</exception>
    public SoftLabels(IReadOnlyList<int> outputs, double temperature = 1)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        CheckOutputs(outputs, int.MaxValue, nameof(outputs));
        _outputs = outputs;
        _temperature = temperature;
    }

    /// <summary>A teacher's logits, computed once for all epochs: without gradients, in evaluation mode.</summary>
    /// <param name="teacher">Borrowed: its mode is restored.</param>
    /// <param name="inputs">What the teacher takes, shape [examples, ...], on its device. Borrowed.</param>
    /// <param name="outputs">The teacher's outputs to learn, at least one.</param>
    /// <param name="batchSize">Examples in one forward pass, at least 1.</param>
    /// <param name="prepare">As <see cref="TensorData.Prepare"/>; null takes the inputs as they are.</param>
    /// <returns>Shape [examples, outputs], owned by the caller.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The teacher has no such output, or none is asked for.</exception>
    public static Tensor Of(
        Network teacher,
        Tensor inputs,
        IReadOnlyList<int> outputs,
        int batchSize,
        Func<Tensor, Tensor>? prepare = null
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return Of(teacher, inputs.shape[0], Batch, outputs, batchSize);

        Tensor Batch(long first, long count)
        {
            var some = inputs.narrow(0, first, count);
            return prepare?.Invoke(some) ?? some;
        }
    }

    /// <summary>A teacher's logits to inputs that are made batch by batch, as the other overload.</summary>
    /// <param name="teacher">Borrowed: its mode is restored.</param>
    /// <param name="count">Number of inputs, at least 1.</param>
    /// <param name="batch">Makes what the teacher takes of the inputs from a first one on, as many as asked for; its
    /// result is in the current dispose scope.</param>
    /// <param name="outputs">The teacher's outputs to learn, at least one.</param>
    /// <param name="batchSize">Examples in one forward pass, at least 1.</param>
    /// <returns>Shape [examples, outputs], owned by the caller.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The teacher has no such output, or none is asked for.</exception>
    public static Tensor Of(
        Network teacher,
        long count,
        Func<long, long, Tensor> batch,
        IReadOnlyList<int> outputs,
        int batchSize
    )
    {
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        CheckOutputs(outputs, teacher.Architecture.OutputCount, nameof(outputs));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        bool wasTraining = teacher.training;
        teacher.eval();
        try
        {
            // one tensor for all: small ones kept between large ones that go would keep the allocator from using their
            // places again
            var answers = empty([count, teacher.Architecture.OutputCount], device: teacher.Device);
            for (long first = 0; first < count; first += batchSize)
                Answer(answers, first);
            return Columns(answers, outputs).MoveToOuterDisposeScope();
        }
        finally
        {
            teacher.train(wasTraining);
        }

        void Answer(Tensor answers, long first)
        {
            using var inner = NewDisposeScope();
            long size = Math.Min(batchSize, count - first);
            answers.narrow(0, first, size).copy_(teacher.forward(batch(first, size)));
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such output.</exception>
    public override Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        CheckOutputs(_outputs, step.Logits.shape[1], "outputs");
        return DistillationLoss.Compute(Columns(step.Logits, _outputs), step.Batch.Labels, _temperature);
    }

    /// <summary>Some columns of logits, in the current dispose scope.</summary>
    internal static Tensor Columns(Tensor logits, IReadOnlyList<int> columns)
    {
        long[] wide = [.. columns.Select(column => (long)column)];
        return logits.index_select(1, tensor(wide).to(logits.device));
    }

    /// <summary>Refuses outputs that are not in [0, count), and no outputs.</summary>
    internal static void CheckOutputs(IReadOnlyList<int> outputs, long count, string name)
    {
        ArgumentNullException.ThrowIfNull(outputs, name);
        ArgumentOutOfRangeException.ThrowIfZero(outputs.Count, name);
        foreach (int output in outputs)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(output, name);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(output, count, name);
        }
    }
}
