using static TorchSharp.torch;

namespace Dmkd.Core.Training;

/// <summary>
/// What a model is trained on. The trainer knows nothing of images or text: a modality prepares its own batches.
/// </summary>
public interface ITrainingData
{
    /// <summary>Number of examples.</summary>
    long Count { get; }

    /// <summary>Prepares some examples for a training step.</summary>
    /// <param name="positions">Positions in the data, int64, shape [batch], on the CPU. Borrowed.</param>
    /// <param name="generator">Source of augmentation, on the CPU. Borrowed: its state advances.</param>
    /// <param name="device">Where the model is.</param>
    /// <returns>Tensors in the current dispose scope, inputs and labels on the device.</returns>
    Batch Draw(Tensor positions, Generator generator, Device device);
}

/// <summary>The examples of one training step. The tensors belong to the step and end with it.</summary>
/// <param name="Inputs">What the model takes, shape [rows, ...], on the model's device.</param>
/// <param name="Labels">
/// Int64, shape [rows]: an output for each row; or soft labels, the logits of a teacher, float32, shape [rows,
/// classes].
/// </param>
public sealed record Batch(Tensor Inputs, Tensor Labels)
{
    /// <summary>Positions of the examples in the data, int64, shape [examples], on the CPU.</summary>
    public required Tensor Positions { get; init; }

    /// <summary>
    /// The examples as the data keeps them, neither augmented nor normalised, on the CPU; null where the data keeps
    /// none.
    /// </summary>
    public Tensor? Source { get; init; }

    /// <summary>
    /// The first rows, whose labels are those of the data. A label space may have added others
    /// (<see cref="ILabelSpace"/>).
    /// </summary>
    public long PlainCount { get; init; } = Inputs.shape[0];

    /// <summary>
    /// The first outputs, which name the classes of these rows; all do when null. See <see cref="ILabelSpace"/>.
    /// </summary>
    public int? PlainOutputs { get; init; }
}

/// <summary>
/// Examples that are tensors already, such as tokens, or features with the logits of a teacher. Borrows its tensors.
/// </summary>
/// <param name="inputs">Shape [examples, ...].</param>
/// <param name="labels">Int64, shape [examples], or soft labels, shape [examples, classes].</param>
public sealed class TensorData(Tensor inputs, Tensor labels) : ITrainingData
{
    /// <summary>
    /// Makes a batch of inputs, on the model's device, into what the model takes, such as bytes into numbers; its result
    /// is in the current dispose scope. Without it the inputs are taken as they are.
    /// </summary>
    public Func<Tensor, Tensor>? Prepare { get; init; }

    /// <inheritdoc/>
    public long Count => inputs.shape[0];

    /// <inheritdoc/>
    public Batch Draw(Tensor positions, Generator generator, Device device)
    {
        var chosen = inputs.index_select(0, positions.to(inputs.device));
        var own = labels.index_select(0, positions.to(labels.device));
        var moved = chosen.to(device);
        return new Batch(Prepare?.Invoke(moved) ?? moved, own.to(device)) { Positions = positions };
    }
}

/// <summary>How classes are told by a head's outputs. The first outputs are always the classes as they are.</summary>
public interface ILabelSpace
{
    /// <summary>Outputs of a head for some classes.</summary>
    /// <param name="classes">Number of classes, at least 1.</param>
    int OutputCount(int classes);

    /// <summary>
    /// Turns a batch labelled by class into one labelled by output; rows may be changed, and added at its end.
    /// </summary>
    /// <param name="batch">Labelled by class, in random order. Borrowed.</param>
    /// <param name="generator">Source of random choices, on the CPU. Borrowed: its state advances.</param>
    /// <returns>Tensors in the current dispose scope.</returns>
    Batch Expand(Batch batch, Generator generator);
}

/// <summary>One output for each class.</summary>
public sealed class PlainLabels : ILabelSpace
{
    /// <inheritdoc/>
    public int OutputCount(int classes) => classes;

    /// <inheritdoc/>
    public Batch Expand(Batch batch, Generator generator) => batch;
}
