using Dmkd.Core.Modules;
using Dmkd.Core.Training;
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
        CheckOutputs(teacherOutputs, teacher.Architecture.OutputCount, nameof(teacherOutputs));
        CheckOutputs(studentOutputs, student.Architecture.OutputCount, nameof(studentOutputs));
        ArgumentOutOfRangeException.ThrowIfNotEqual(studentOutputs.Count, teacherOutputs.Count);

        using var scope = NewDisposeScope();
        var targets = Targets(teacher, inputs, teacherOutputs, options.BatchSize);
        return Train(
            student, inputs.shape[0], batch => (inputs.index_select(0, batch), targets.index_select(0, batch)), studentOutputs,
            options, generator, progress, cancellationToken);
    }

    /// <summary>
    /// As the other overload, from answers that the teacher gave before. Where the answers know mirror images, half of the images
    /// drawn are mirrored and each is shifted by a few pixels (<see cref="ImageAugmentation"/>); a shift does not change the answer.
    /// </summary>
    /// <param name="answers">The teacher's answers to <paramref name="pixels"/>. Borrowed.</param>
    /// <param name="student">Trained in place, in train mode. Borrowed: its mode is restored.</param>
    /// <param name="pixels">uint8, shape [n, channels, size, size], n at least 2, on the student's device. Borrowed.</param>
    /// <param name="normalisation">What student and teacher take.</param>
    /// <param name="teacherOutputs">The teacher's outputs to learn, at least one.</param>
    /// <param name="studentOutputs">The student's outputs that learn them, in the same order.</param>
    /// <param name="options">Effort and temperature.</param>
    /// <param name="generator">Source of the batches and of the augmentation, on the CPU. Borrowed: its state advances.</param>
    /// <param name="progress">Told after each step what part of the work is done, in (0, 1].</param>
    /// <param name="cancellationToken">Looked at before each step; the student then keeps the steps made so far.</param>
    /// <returns>The mean loss over the last epoch.</returns>
    public static double Run(
        TeacherAnswers answers, Network student, Tensor pixels, InputNormalisation normalisation, IReadOnlyList<int> teacherOutputs,
        IReadOnlyList<int> studentOutputs, DistillationOptions options, Generator generator, Action<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(answers);
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(normalisation);
        ArgumentNullException.ThrowIfNull(generator);
        Check(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(pixels.shape[0], 2, nameof(pixels));
        ArgumentOutOfRangeException.ThrowIfNotEqual(answers.Images, pixels.shape[0], nameof(answers));
        CheckOutputs(teacherOutputs, answers.Outputs, nameof(teacherOutputs));
        CheckOutputs(studentOutputs, student.Architecture.OutputCount, nameof(studentOutputs));
        ArgumentOutOfRangeException.ThrowIfNotEqual(studentOutputs.Count, teacherOutputs.Count);

        using var scope = NewDisposeScope();
        var logits = answers.ToTensor().to(pixels.device).index_select(2, Indices(teacherOutputs, pixels.device));
        return Train(student, pixels.shape[0], Draw, studentOutputs, options, generator, progress, cancellationToken);

        (Tensor Inputs, Tensor Targets) Draw(Tensor batch)
        {
            var images = pixels.index_select(0, batch);
            if (answers.Views == 1) return (normalisation.Apply(images), logits[0].index_select(0, batch));
            var mirrored = rand([batch.shape[0]], generator: generator).lt(0.5).to(pixels.device);
            var targets = where(mirrored.unsqueeze(1), logits[1].index_select(0, batch), logits[0].index_select(0, batch));
            images = where(mirrored.view(-1, 1, 1, 1), images.flip(3), images);
            return (normalisation.Apply(ImageAugmentation.Shift(images, generator)), targets);
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
        Network student, long count, Func<Tensor, (Tensor Inputs, Tensor Targets)> draw, IReadOnlyList<int> studentOutputs,
        DistillationOptions options, Generator generator, Action<double>? progress, CancellationToken cancellationToken)
    {
        bool wasTraining = student.training;
        student.train();
        using var optimizer = optim.Adam(student.parameters(), options.LearningRate);
        try
        {
            var outputs = Indices(studentOutputs, student.Device);
            double loss = 0;
            for (int epoch = 0; epoch < options.Epochs; epoch++)
            {
                using var scope = NewDisposeScope();
                Tensor[] batches = [.. randperm(count, device: CPU, generator: generator).to(student.Device)
                    .split(options.BatchSize).Where(batch => batch.shape[0] > 1)];
                double sum = 0;
                for (int i = 0; i < batches.Length; i++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    double done = (epoch + (double)i / batches.Length) / options.Epochs;
                    if (options.Anneal) SetRate(optimizer, options.LearningRate * 0.5 * (1 + Math.Cos(Math.PI * done)));
                    sum += Step(student, draw, outputs, batches[i], optimizer, options.Temperature) * batches[i].shape[0];
                    progress?.Invoke((epoch + (i + 1.0) / batches.Length) / options.Epochs);
                }

                loss = sum / batches.Sum(batch => batch.shape[0]);
            }

            return loss;
        }
        finally
        {
            student.train(wasTraining);
        }
    }

    private static void SetRate(optim.Optimizer optimizer, double rate)
    {
        foreach (var group in optimizer.ParamGroups) group.LearningRate = rate;
    }

    private static double Step(
        Network student, Func<Tensor, (Tensor Inputs, Tensor Targets)> draw, Tensor outputs, Tensor batch, optim.Optimizer optimizer,
        double temperature)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var (inputs, targets) = draw(batch);
        var loss = DistillationLoss.Compute(student.forward(inputs).index_select(1, outputs), targets, temperature);
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

    private static void CheckOutputs(IReadOnlyList<int> outputs, long count, string name)
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
