using Dmkd.Contracts.Runs;
using Dmkd.Core.Devices;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>
/// The training loop of all baselines: rounds of the run's passes in the run's batches, drawn and augmented as
/// <see cref="LocalUpdate"/> does it, with a new optimizer each round. Same generator, same result on a CPU.
/// </summary>
internal sealed class TaskTrainer(DeviceJob job, RunSettings settings, TrainingOptions options)
{
    /// <summary>Trains for some rounds; the learning rate falls by a cosine over them.</summary>
    /// <param name="objective">What is trained, already in the mode it is to be trained in.</param>
    /// <param name="data">At least one image. Borrowed.</param>
    /// <param name="generator">Source of order and augmentation, on the CPU. Borrowed: its state advances.</param>
    /// <param name="rounds">Number of rounds, at least 1.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    public void Train(Objective objective, ImageTensors data, Generator generator, int rounds, Action<double>? progress = null)
    {
        for (int round = 0; round < rounds; round++)
        {
            int done = round;
            TrainRound(objective, data, generator, round, rounds, share => progress?.Invoke((done + share) / rounds));
        }
    }

    /// <summary>Trains for one of some rounds.</summary>
    /// <param name="round">The round, in [0, <paramref name="rounds"/>).</param>
    /// <inheritdoc cref="Train"/>
    public void TrainRound(Objective objective, ImageTensors data, Generator generator, int round, int rounds, Action<double>? progress = null)
    {
        using var optimizer = OptimizerOf(objective, LearningRateSchedule.Cosine(options.LearningRate, round, rounds));
        var batches = BatchRanges.Of(data.Count, settings.Training.BatchSize).ToArray();
        int steps = 0;
        for (int epoch = 0; epoch < settings.Training.Epochs; epoch++)
        {
            using var order = randperm(data.Count, generator: generator);
            foreach (var (start, length) in batches)
            {
                job.CancellationToken.ThrowIfCancellationRequested();
                using var positions = order.narrow(0, start, length);
                Step(objective, optimizer, data, positions, generator);
                progress?.Invoke((double)++steps / (settings.Training.Epochs * batches.Length));
            }
        }
    }

    private void Step(Objective objective, optim.Optimizer optimizer, ImageTensors data, Tensor positions, Generator generator)
    {
        using var scope = NewDisposeScope();
        var pixels = data.Pixels.index_select(0, positions);
        var images = ImageTensors.Normalise(ImageAugmentation.Apply(pixels.to(job.Device), generator));
        TrainingBatch batch = new(pixels, images, data.Labels.index_select(0, positions).to(job.Device), positions);
        optimizer.zero_grad();
        objective.Loss(batch).backward();
        optimizer.step();
        objective.AfterStep?.Invoke(batch);
    }

    private optim.Optimizer OptimizerOf(Objective objective, double learningRate) => options.Optimizer switch
    {
        OptimizerKind.Sgd => optim.SGD(objective.Parameters, learningRate, weight_decay: options.WeightDecay),
        _ => optim.AdamW(objective.Parameters, learningRate, weight_decay: options.WeightDecay),
    };
}
