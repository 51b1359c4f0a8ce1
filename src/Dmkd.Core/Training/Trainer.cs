using System.ComponentModel.DataAnnotations;
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
        AnswerCount answers = default;
        model.train(!options.KeepsStatistics);
        for (int round = 0; round < options.Rounds; round++)
        {
            double rate = LearningRateSchedule.Cosine(options.LearningRate, round, options.Rounds);
            using var optimizer = Create(options, options.Parameters ?? model.parameters(), rate);
            for (int epoch = 0; epoch < options.Epochs; epoch++)
            {
                using var order = randperm(data.Count, generator: generator);
                double lossSum = 0;
                answers = default;
                bool isLast = round == options.Rounds - 1 && epoch == options.Epochs - 1;
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
                    if (isLast)
                        answers += step.Answers();
                    steps++;
                    progress?.Invoke((double)steps / total);
                }

                meanLoss = lossSum / examples;
            }
        }

        model.eval();
        double? accuracy = answers.Rows == 0 ? null : (double)answers.Right / answers.Rows;
        return new TrainingResult(data.Count, steps, meanLoss, accuracy);
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
/// <param name="Accuracy">
/// Share in [0, 1] of the same answers that name the class, of the rows whose labels are the data's
/// (<see cref="Batch.PlainCount"/>) and among the outputs that name its classes; null when labels are soft.
/// </param>
public sealed record TrainingResult(long SampleCount, int Steps, double MeanLoss, double? Accuracy);

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

/// <summary>How a model is trained.</summary>
public sealed record TrainingOptions
{
    /// <summary>
    /// How a student learns soft labels (proposal 3.2.4): Adam at 0.001, without weight decay, five passes.
    /// </summary>
    public static TrainingOptions Distillation { get; } =
        new()
        {
            Epochs = 5,
            Optimizer = OptimizerKind.Adam,
            LearningRate = 1e-3,
            WeightDecay = 0,
            LeavesOutSingle = true,
        };

    /// <summary>
    /// How often all passes are repeated, each time with a new optimizer and a learning rate that falls by a cosine
    /// (<see cref="LearningRateSchedule.Cosine"/>). Default: 1.
    /// </summary>
    [Range(1, 100_000)]
    public int Rounds { get; init; } = 1;

    /// <summary>Passes over the data in a round. Default: 1.</summary>
    [Range(1, 10_000)]
    public int Epochs { get; init; } = 1;

    /// <summary>Examples per step. Default: 64.</summary>
    [Range(1, 65_536)]
    public int BatchSize { get; init; } = 64;

    /// <summary>
    /// Whether a last batch of a single example is left out; else it joins its neighbour. Batch normalisation has
    /// nothing to normalise in a single one. Default: it joins.
    /// </summary>
    public bool LeavesOutSingle { get; init; }

    /// <summary>How weights are stepped. Default: AdamW.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.AdamW;

    /// <summary>The optimizer's learning rate in the first round. Default: 0.002.</summary>
    [Range(1e-8, 10)]
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>
    /// Whether the learning rate falls to 0 by half a cosine over the steps of a round. Default: it stays.
    /// </summary>
    public bool Anneal { get; init; }

    /// <summary>Weight decay, decoupled for AdamW. Default: 0.0005.</summary>
    [Range(0, 1)]
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Weights that are stepped; all of the model's when null. Borrowed. Default: null.</summary>
    public IReadOnlyList<Parameter>? Parameters { get; init; }

    /// <summary>
    /// Whether the model stays in evaluation mode, so that batch-norm statistics do not move. Default: it trains.
    /// </summary>
    public bool KeepsStatistics { get; init; }
}

/// <summary>How weights are stepped.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,

    /// <summary>Plain stochastic gradient descent, without momentum.</summary>
    Sgd,

    /// <summary>Adam; weight decay is part of the gradient.</summary>
    Adam,
}

/// <summary>Learning rates over time.</summary>
public static class LearningRateSchedule
{
    private const double Floor = 0.02;

    /// <summary>Half a cosine over the rounds of a task, from the initial rate down to 2 % of it.</summary>
    /// <param name="initial">Rate of the first round.</param>
    /// <param name="round">The round, in [0, rounds).</param>
    /// <param name="rounds">Number of rounds, at least 1.</param>
    public static double Cosine(double initial, int round, int rounds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(round);
        return initial * (Floor + (1 - Floor) * 0.5 * (1 + Math.Cos(Math.PI * round / rounds)));
    }

    /// <summary>Half a cosine over the steps of a training, from the initial rate down to 0.</summary>
    /// <param name="initial">Rate of the first step.</param>
    /// <param name="done">Share of the steps done, in [0, 1].</param>
    public static double HalfCosine(double initial, double done) => initial * 0.5 * (1 + Math.Cos(Math.PI * done));
}

/// <summary>What a new task's expert starts from; its head is new in any case (docs/adr/0018).</summary>
public static class StartingPoints
{
    /// <summary>The features of the expert before it.</summary>
    [Named(Previous, "the features of the expert before it", Order = 1)]
    public const string Previous = "previous";

    /// <summary>Random weights.</summary>
    [Named(Random, "random weights", Order = 2)]
    public const string Random = "random";

    /// <summary>The features of the earlier expert that sees the most evidence in the new task's data.</summary>
    [Named(Similar, "the features of the earlier expert that sees the most evidence in the new task's data", Order = 3)]
    public const string Similar = "similar";

    /// <summary>The features of the legacy model, cut to an expert's widths.</summary>
    [Named(Legacy, "the features of the legacy model, cut to an expert's widths", Order = 4)]
    public const string Legacy = "legacy";

    /// <summary>All of them.</summary>
    public static Registry Known { get; } = Registry.OfConstants("start", typeof(StartingPoints));
}
