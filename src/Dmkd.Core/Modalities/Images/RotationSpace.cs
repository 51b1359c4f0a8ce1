using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Modalities.Images;

/// <summary>
/// An output for each class and rotation (<see cref="RotationLabels"/>, docs/adr/0007), and optionally one for images of none of the classes
/// (docs/adr/0018).
/// </summary>
/// <param name="classes">Number of classes, at least 1.</param>
/// <param name="hasUnknown">Whether the last output says unknown.</param>
/// <param name="allRotations">
/// Whether a step shows every image in all four rotations, for about three times the time; else a quarter of the batch in each.
/// </param>
public sealed class RotationSpace(int classes, bool hasUnknown, bool allRotations) : ILabelSpace
{
    /// <summary>The space of a head.</summary>
    /// <param name="outputCount">Outputs of the head.</param>
    /// <param name="allRotations">Whether a step shows every image in all four rotations.</param>
    public static RotationSpace OfHead(int outputCount, bool allRotations) =>
        new(outputCount / RotationLabels.Count, RotationLabels.HasUnknown(outputCount), allRotations);

    /// <inheritdoc/>
    public int OutputCount(int classes) => RotationLabels.OutputCount(classes, hasUnknown);

    /// <inheritdoc/>
    public Batch Expand(Batch batch, Generator generator)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var turned = allRotations ? TurnAll(batch) : TurnQuarters(batch);
        if (!hasUnknown) return turned;
        int unknown = OutputCount(classes) - 1;
        var (images, labels) = RotationLabels.AddUnknown(turned.Inputs, turned.Labels, unknown, generator);
        return turned with { Inputs = images, Labels = labels };
    }

    private Batch TurnAll(Batch batch)
    {
        var (images, labels) = RotationLabels.TurnAll(batch.Inputs, batch.Labels, classes);
        return batch with { Inputs = images, Labels = labels };
    }

    private Batch TurnQuarters(Batch batch)
    {
        var (images, labels) = RotationLabels.TurnQuarters(batch.Inputs, batch.Labels, classes);
        long upright = (batch.PlainCount + RotationLabels.Count - 1) / RotationLabels.Count; // tensor_split gives the first part the larger share
        return batch with { Inputs = images, Labels = labels, PlainCount = upright };
    }
}
