using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Training;

/// <summary>
/// The training loop of everything here that learns by gradients: experts, legacy models, students, baselines; of
/// images, text or what else there is. Same weights, data and generator give the same result on a CPU.
/// </summary>
public static class Trainer
{
    /// <summary>Trains in place; the model is in evaluation mode afterwards.</summary>
    /// <param name="model">On any device. Borrowed: its weights change.</param>
    /// <param name="data">At least one batch. Borrowed.</param>
    /// <param name="objective">What is minimised. Borrowed.</param>
    /// <param name="options">How.</param>
    /// <param name="generator">Source of order and augmentation, on the CPU. Borrowed: its state advances.</param>
    /// <param name="progress">Told after each step what share of the work is done, in (0, 1].</param>
    /// <param name="cancellationToken">Looked at before each step; the model then keeps the steps made so far.</param>
    /// <exception cref="ArgumentException">The data makes no batch.</exception>
    public static TrainingResult Run(
        nn.Module<Tensor, Tensor> model,
        ITrainingData data,
        Objective objective,
        TrainingOptions options,
        Generator generator,
        Action<double>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentNullException.ThrowIfNull(options);
        var batches = BatchRange.Split(data.Count, options.BatchSize, options.LeavesOutSingle);
        if (batches.Count == 0)
            throw new ArgumentException($"Training needs a batch, and {data.Count} examples make none.", nameof(data));

        var device = model.parameters().First().device;
        long examples = batches.Sum(batch => batch.Length);
        int steps = 0;
        int total = options.Rounds * options.Epochs * batches.Count;
        double meanLoss = 0;
        model.train(!options.KeepsStatistics);
        for (int round = 0; round < options.Rounds; round++)
        {
            double rate = LearningRateSchedule.Cosine(options.LearningRate, round, options.Rounds);
            using var optimizer = Create(options, options.Parameters ?? model.parameters(), rate);
            for (int epoch = 0; epoch < options.Epochs; epoch++)
            {
                using var order = randperm(data.Count, generator: generator);
                double lossSum = 0;
                for (int i = 0; i < batches.Count; i++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    double done = (epoch + (double)i / batches.Count) / options.Epochs;
                    if (options.Anneal)
                        SetRate(optimizer, LearningRateSchedule.HalfCosine(rate, done));
                    using var scope = NewDisposeScope();
                    var positions = order.narrow(0, batches[i].Start, batches[i].Length);
                    using var step = new TrainingStep(model, data.Draw(positions, generator, device));
                    lossSum += Step(step, objective, optimizer) * batches[i].Length;
                    steps++;
                    progress?.Invoke((double)steps / total);
                }

                meanLoss = lossSum / examples;
            }
        }

        model.eval();
        return new TrainingResult(data.Count, steps, meanLoss);
    }

    private static double Step(TrainingStep step, Objective objective, optim.Optimizer optimizer)
    {
        optimizer.zero_grad();
        var loss =
            objective.Loss(step) ?? throw new InvalidOperationException("The objective gave no loss for a step.");
        loss.backward();
        optimizer.step();
        objective.AfterStep(step);
        return loss.item<float>();
    }

    private static optim.Optimizer Create(TrainingOptions options, IEnumerable<Parameter> parameters, double rate) =>
        options.Optimizer switch
        {
            OptimizerKind.Sgd => optim.SGD(parameters, rate, weight_decay: options.WeightDecay),
            OptimizerKind.Adam => optim.Adam(parameters, rate, weight_decay: options.WeightDecay),
            _ => optim.AdamW(parameters, rate, weight_decay: options.WeightDecay),
        };

    private static void SetRate(optim.Optimizer optimizer, double rate)
    {
        foreach (var group in optimizer.ParamGroups)
            group.LearningRate = rate;
    }
}

/// <summary>What a training did.</summary>
/// <param name="SampleCount">Examples in the data.</param>
/// <param name="Steps">Optimizer steps taken.</param>
/// <param name="MeanLoss">Mean loss over the last epoch, as trained: before each step.</param>
public sealed record TrainingResult(long SampleCount, int Steps, double MeanLoss);

/// <summary>A batch's place in the order of an epoch.</summary>
/// <param name="Start">First example.</param>
/// <param name="Length">Number of examples.</param>
internal readonly record struct BatchRange(long Start, long Length)
{
    /// <summary>Cuts an epoch into batches; a last single example joins its neighbour or is left out.</summary>
    public static IReadOnlyList<BatchRange> Split(long count, int batchSize, bool leavesOutSingle)
    {
        List<BatchRange> batches = [];
        for (long start = 0; start < count; )
        {
            long rest = count - start;
            long length = Math.Min(rest, batchSize);
            if (rest == batchSize + 1 && !leavesOutSingle)
                length = rest;
            if (length > 1 || !leavesOutSingle)
                batches.Add(new BatchRange(start, length));
            start += length;
        }

        return batches;
    }
}
