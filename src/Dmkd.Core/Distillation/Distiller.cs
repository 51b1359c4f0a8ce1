using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Distillation;

/// <summary>Fine-tunes a student on its teacher's outputs, without labels (proposal 3.2.4).</summary>
public static class Distiller
{
    /// <summary>
    /// Minimises <see cref="DistillationLoss"/> with Adam. The teacher's distribution is its softmax over
    /// <paramref name="teacherOutputs"/> alone, computed once for all inputs, in eval mode.
    /// </summary>
    /// <param name="teacher">The legacy network. Borrowed, not changed.</param>
    /// <param name="student">Trained in place, in train mode. Borrowed: its mode is restored.</param>
    /// <param name="inputs">Shape [n, channels, height, width], float32, normalised, n at least 2, on the networks' device. Borrowed.</param>
    /// <param name="teacherOutputs">The teacher's outputs to learn, at least one.</param>
    /// <param name="studentOutputs">The student's outputs that learn them, in the same order.</param>
    /// <param name="options">Effort and temperature.</param>
    /// <param name="generator">Source of the batches, on the CPU. Borrowed: its state advances.</param>
    /// <param name="progress">Told after each step what part of the work is done, in (0, 1].</param>
    /// <param name="cancellationToken">Looked at before each step; the student then keeps the steps made so far.</param>
    /// <returns>The mean loss over the last epoch, as trained (train mode, before each step).</returns>
    /// <remarks>A rest of one input is left out of its epoch: batch normalisation cannot train on a single one.</remarks>
    public static double Run(
        Network teacher, Network student, Tensor inputs, IReadOnlyList<int> teacherOutputs, IReadOnlyList<int> studentOutputs,
        DistillationOptions options, Generator generator, Action<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(generator);
        Check(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs.shape[0], 2, nameof(inputs));
        CheckOutputs(teacherOutputs, teacher, nameof(teacherOutputs));
        CheckOutputs(studentOutputs, student, nameof(studentOutputs));
        ArgumentOutOfRangeException.ThrowIfNotEqual(studentOutputs.Count, teacherOutputs.Count);

        using var scope = NewDisposeScope();
        var targets = Targets(teacher, inputs, teacherOutputs, options.BatchSize);
        bool wasTraining = student.training;
        student.train();
        try
        {
            return Train(student, inputs, targets, Indices(studentOutputs, inputs.device), options, generator, progress, cancellationToken);
        }
        finally
        {
            student.train(wasTraining);
        }
    }

    private static Tensor Targets(Network teacher, Tensor inputs, IReadOnlyList<int> outputs, int batchSize)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        bool wasTraining = teacher.training;
        teacher.eval();
        try
        {
            var batches = inputs.split(batchSize).Select(teacher.forward).ToArray();
            return cat(batches).index_select(1, Indices(outputs, inputs.device)).MoveToOuterDisposeScope();
        }
        finally
        {
            teacher.train(wasTraining);
        }
    }

    private static double Train(
        Network student, Tensor inputs, Tensor targets, Tensor outputs, DistillationOptions options, Generator generator,
        Action<double>? progress, CancellationToken cancellationToken)
    {
        using var optimizer = optim.Adam(student.parameters(), options.LearningRate);
        double loss = 0;
        for (int epoch = 0; epoch < options.Epochs; epoch++)
        {
            using var scope = NewDisposeScope();
            Tensor[] batches = [.. randperm(inputs.shape[0], device: CPU, generator: generator).to(inputs.device)
                .split(options.BatchSize).Where(batch => batch.shape[0] > 1)];
            double sum = 0;
            for (int i = 0; i < batches.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                sum += Step(student, inputs, targets, outputs, batches[i], optimizer, options.Temperature) * batches[i].shape[0];
                progress?.Invoke((epoch + (i + 1.0) / batches.Length) / options.Epochs);
            }

            loss = sum / batches.Sum(batch => batch.shape[0]);
        }

        return loss;
    }

    private static double Step(
        Network student, Tensor inputs, Tensor targets, Tensor outputs, Tensor batch, optim.Optimizer optimizer, double temperature)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var logits = student.forward(inputs.index_select(0, batch)).index_select(1, outputs);
        var loss = DistillationLoss.Compute(logits, targets.index_select(0, batch), temperature);
        loss.backward();
        optimizer.step();
        return loss.item<float>();
    }

    private static Tensor Indices(IReadOnlyList<int> outputs, Device device) =>
        tensor(outputs.Select(output => (long)output).ToArray(), device: device);

    private static void Check(DistillationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Epochs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 2);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.LearningRate, 0);
    }

    private static void CheckOutputs(IReadOnlyList<int> outputs, Network network, string name)
    {
        ArgumentNullException.ThrowIfNull(outputs, name);
        ArgumentOutOfRangeException.ThrowIfZero(outputs.Count, name);
        foreach (int output in outputs)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(output, name);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(output, network.Architecture.OutputCount, name);
        }
    }
}
