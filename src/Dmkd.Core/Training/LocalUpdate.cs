using Dmkd.Core.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Training;

/// <summary>Trains a network on one node's data: L_task + λ·L_KD (proposal 3.4.1). Same weights, data and generator give the same result on a CPU.</summary>
public static class LocalUpdate
{
    /// <summary>Trains in place.</summary>
    /// <param name="network">Trained in place, on its device.</param>
    /// <param name="data">Images with labels in [0, classes of the network). Borrowed.</param>
    /// <param name="options">Settings.</param>
    /// <param name="generator">Source of order and augmentation, on the CPU. Borrowed: its state advances.</param>
    /// <param name="target">Teacher of the distillation loss; null for none.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    /// <param name="cancellationToken">Ends the training between two steps.</param>
    /// <exception cref="ArgumentException">There is no data.</exception>
    public static LocalUpdateResult Run(
        Network network, ImageTensors data, LocalUpdateOptions options, Generator generator,
        DistillationTarget? target = null, Action<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        if (data.Count == 0) throw new ArgumentException("A local update needs at least one image; the data holds none.", nameof(data));

        using var optimizer = Optimizer(network, options);
        network.train();
        target?.Teacher.eval();
        int steps = 0;
        int total = options.Epochs * BatchRanges.Of(data.Count, options.BatchSize).Count();
        double lossSum = 0;
        for (int epoch = 0; epoch < options.Epochs; epoch++)
        {
            lossSum = 0;
            using var order = randperm(data.Count, generator: generator);
            foreach (var (start, length) in BatchRanges.Of(data.Count, options.BatchSize))
            {
                cancellationToken.ThrowIfCancellationRequested();
                lossSum += Step(network, optimizer, data, (order, start, length), options, generator, target) * length;
                steps++;
                progress?.Invoke((double)steps / total);
            }
        }

        network.eval();
        return new LocalUpdateResult(data.Count, steps, lossSum / data.Count);
    }

    private static optim.Optimizer Optimizer(Network network, LocalUpdateOptions options) => options.Optimizer switch
    {
        OptimizerKind.Sgd => optim.SGD(network.parameters(), options.LearningRate, weight_decay: options.WeightDecay),
        _ => optim.AdamW(network.parameters(), options.LearningRate, weight_decay: options.WeightDecay),
    };

    private static double Step(
        Network network, optim.Optimizer optimizer, ImageTensors data, (Tensor Order, long Start, long Length) batch, LocalUpdateOptions options,
        Generator generator, DistillationTarget? target)
    {
        using var scope = NewDisposeScope();
        var chosen = batch.Order.narrow(0, batch.Start, batch.Length);
        var device = network.Device;
        var images = ImageTensors.Normalise(ImageAugmentation.Apply(data.Pixels.index_select(0, chosen).to(device), generator));
        var labels = data.Labels.index_select(0, chosen).to(device);
        int upright = (int)labels.shape[0];
        if (options.RotationLabelled)
        {
            int classes = network.Architecture.OutputCount / RotationLabels.Count;
            if (!options.AllRotations) upright = (upright + RotationLabels.Count - 1) / RotationLabels.Count; // tensor_split gives the first part the larger share
            (images, labels) = options.AllRotations ? RotationLabels.TurnAll(images, labels, classes) : RotationLabels.TurnQuarters(images, labels, classes);
            if (RotationLabels.HasUnknown(network.Architecture.OutputCount))
                (images, labels) = RotationLabels.AddUnknown(images, labels, network.Architecture.OutputCount - 1, generator);
        }

        optimizer.zero_grad();
        var logits = network.forward(images);
        var loss = F.cross_entropy(logits, labels);
        if (target is not null && options.DistillationWeight > 0)
            loss += options.DistillationWeight * DistillationTerm(target, images, logits, target.UprightOnly ? upright : images.shape[0]);
        loss.backward();
        optimizer.step();
        return loss.item<float>();
    }

    private static Tensor DistillationTerm(DistillationTarget target, Tensor images, Tensor logits, long count)
    {
        Tensor teacherLogits;
        using (no_grad()) teacherLogits = target.Teacher.forward(images.narrow(0, 0, count));
        return Distillation.DistillationLoss.Compute(
            Columns(logits.narrow(0, 0, count), target.StudentOutputs), Columns(teacherLogits, target.TeacherOutputs));
    }

    private static Tensor Columns(Tensor logits, IReadOnlyList<int> columns) =>
        logits.index_select(1, tensor([.. columns.Select(c => (long)c)], dtype: ScalarType.Int64).to(logits.device));
}
