using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Modalities.Images;

/// <summary>
/// Rotation-labelled training (proposal 3.3): an image of class c turned by r quarter turns has label c + C·r, so a
/// head for C classes has 4·C outputs. It teaches an expert what its own classes look like, which is what routing by
/// evidence needs.
/// </summary>
public static class RotationLabels
{
    /// <summary>Number of rotations: 0, 90, 180 and 270 degrees.</summary>
    public const int Count = 4;

    /// <summary>Most views of an image: its rotations, and those of its mirror image.</summary>
    public const int MaxViews = 2 * Count;

    /// <summary>
    /// Whether images can be shown in so many views: as they are, in their rotations, or in those of their mirror
    /// images too.
    /// </summary>
    public static bool AreViews(int count) => count is 1 or Count or MaxViews;

    /// <summary>Outputs of a head.</summary>
    /// <param name="classCount">The expert's number of classes.</param>
    /// <param name="hasUnknown">Whether one more output, the last, says that an image shows none of them
    /// (docs/adr/0018).</param>
    public static int OutputCount(int classCount, bool hasUnknown) => Count * classCount + (hasUnknown ? 1 : 0);

    /// <summary>Whether the last output of a head says unknown.</summary>
    /// <param name="outputCount">Outputs of the head.</param>
    public static bool HasUnknown(long outputCount) => outputCount % Count == 1;

    /// <summary>Turns the r-th quarter of a batch by r quarter turns and labels it so.</summary>
    /// <param name="images">Shape [batch, channels, size, size], in random order. Borrowed.</param>
    /// <param name="labels">Class within the expert, int64, shape [batch]. Borrowed.</param>
    /// <param name="classCount">The expert's number of classes.</param>
    /// <returns>Images and labels of the same shapes, owned by the caller.</returns>
    public static (Tensor Images, Tensor Labels) TurnQuarters(Tensor images, Tensor labels, int classCount)
    {
        using var scope = NewDisposeScope();
        var turned = images.tensor_split(Count).Select((part, r) => r == 0 ? part : part.rot90(r, (2, 3))).ToArray();
        var shifted = labels.tensor_split(Count).Select((part, r) => part + (long)classCount * r).ToArray();
        return (cat(turned).MoveToOuterDisposeScope(), cat(shifted).MoveToOuterDisposeScope());
    }

    /// <summary>Turns all of a batch by no, one, two and three quarter turns and labels it so.</summary>
    /// <param name="images">Shape [batch, channels, size, size]. Borrowed.</param>
    /// <param name="labels">Class within the expert, int64, shape [batch]. Borrowed.</param>
    /// <param name="classCount">The expert's number of classes.</param>
    /// <returns>Four times as many images and labels, the upright ones first; owned by the caller.</returns>
    public static (Tensor Images, Tensor Labels) TurnAll(Tensor images, Tensor labels, int classCount)
    {
        using var scope = NewDisposeScope();
        var turned = Enumerable.Range(0, Count).Select(r => r == 0 ? images : images.rot90(r, (2, 3))).ToArray();
        var shifted = Enumerable.Range(0, Count).Select(r => labels + (long)classCount * r).ToArray();
        return (cat(turned).MoveToOuterDisposeScope(), cat(shifted).MoveToOuterDisposeScope());
    }

    /// <summary>Adds destroyed copies of a quarter of a batch, labelled unknown.</summary>
    /// <param name="images">Shape [batch, channels, size, size], in random order. Borrowed.</param>
    /// <param name="labels">Outputs of class and rotation, int64, shape [batch]. Borrowed.</param>
    /// <param name="unknownOutput">The output that says unknown.</param>
    /// <param name="generator">Source of the destruction, on the CPU. Borrowed: its state advances.</param>
    /// <returns>The batch, and the copies after it; owned by the caller.</returns>
    public static (Tensor Images, Tensor Labels) AddUnknown(
        Tensor images,
        Tensor labels,
        int unknownOutput,
        Generator generator
    )
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(labels);
        using var scope = NewDisposeScope();
        long destroyed = (images.shape[0] + Count - 1) / Count;
        var copies = DestroyedImages.ShuffleBlocks(images.narrow(0, 0, destroyed), generator);
        var unknown = full_like(labels.narrow(0, 0, destroyed), unknownOutput);
        return (cat([images, copies]).MoveToOuterDisposeScope(), cat([labels, unknown]).MoveToOuterDisposeScope());
    }

    /// <summary>
    /// Scores of the classes: the mean over the rotations shown of the logit that names class and rotation (proposal
    /// 3.3). Each view's mean logit is subtracted first: cross-entropy leaves the level of logits free, so levels of
    /// two experts do not compare. So is the logit of the output that says unknown, where there is one.
    /// </summary>
    /// <param name="forward">Maps images [batch, channels, size, size] to logits [batch, 4·C] or [batch, 4·C + 1]; its
    /// result is disposed here.</param>
    /// <param name="images">Shape [batch, channels, size, size]. Borrowed.</param>
    /// <param name="views">Views shown, in [1, 8]; 1 is the image as it is, the first four are its rotations, the
    /// others those of its mirror image.</param>
    /// <param name="isCentred">Whether the mean logits are subtracted.</param>
    /// <returns>Shape [batch, C], owned by the caller.</returns>
    public static Tensor ClassScores(
        Func<Tensor, Tensor> forward,
        Tensor images,
        int views = Count,
        bool isCentred = true
    )
    {
        ArgumentNullException.ThrowIfNull(forward);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(views, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(views, MaxViews);
        using var scope = NewDisposeScope();
        Tensor? sum = null;
        for (int view = 0; view < views; view++)
        {
            int r = view % Count;
            var upright = view < Count ? images : images.flip(3);
            var logits = forward(r == 0 ? upright : upright.rot90(r, (2, 3)));
            long classes = logits.shape[1] / Count;
            var named = logits.narrow(1, r * classes, classes);
            var part = Level(named, logits, isCentred);
            sum = sum is null ? part : sum.add_(part);
        }

        return sum!.div_(views).MoveToOuterDisposeScope();
    }

    private static Tensor Level(Tensor named, Tensor logits, bool isCentred)
    {
        // Relative to the logit that says unknown the level is gone, so there is nothing to centre.
        if (HasUnknown(logits.shape[1]))
            return named - logits.narrow(1, logits.shape[1] - 1, 1);
        if (isCentred)
            return named - logits.mean([1], keepdim: true);
        return named.clone();
    }
}

/// <summary>
/// An output for each class and rotation (<see cref="RotationLabels"/>, docs/adr/0007), and optionally one for images
/// of none of the classes (docs/adr/0018).
/// </summary>
/// <param name="classes">Number of classes, at least 1.</param>
/// <param name="hasUnknown">Whether the last output says unknown.</param>
/// <param name="allRotations">
/// Whether a step shows every image in all four rotations, for about three times the time; else a quarter of the batch
/// in each.
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
        if (!hasUnknown)
            return turned;
        int unknown = OutputCount(classes) - 1;
        var (images, labels) = RotationLabels.AddUnknown(turned.Inputs, turned.Labels, unknown, generator);
        return turned with { Inputs = images, Labels = labels };
    }

    private Batch TurnAll(Batch batch)
    {
        var (images, labels) = RotationLabels.TurnAll(batch.Inputs, batch.Labels, classes);
        return batch with { Inputs = images, Labels = labels, PlainOutputs = classes };
    }

    private Batch TurnQuarters(Batch batch)
    {
        var (images, labels) = RotationLabels.TurnQuarters(batch.Inputs, batch.Labels, classes);
        // tensor_split gives the first part the larger share
        long upright = (batch.PlainCount + RotationLabels.Count - 1) / RotationLabels.Count;
        return batch with { Inputs = images, Labels = labels, PlainCount = upright, PlainOutputs = classes };
    }
}
