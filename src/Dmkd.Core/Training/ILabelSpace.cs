using static TorchSharp.torch;

namespace Dmkd.Core.Training;

/// <summary>How classes are told by a head's outputs. The first outputs are always the classes as they are.</summary>
public interface ILabelSpace
{
    /// <summary>Outputs of a head for some classes.</summary>
    /// <param name="classes">Number of classes, at least 1.</param>
    int OutputCount(int classes);

    /// <summary>Turns a batch labelled by class into one labelled by output; rows may be changed, and added at its end.</summary>
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
