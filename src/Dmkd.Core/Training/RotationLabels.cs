using static TorchSharp.torch;

namespace Dmkd.Core.Training;

/// <summary>
/// Rotation-labelled training (proposal 3.3): an image of class c turned by r quarter turns has label c + C·r, so a head for C
/// classes has 4·C outputs. It teaches an expert what its own classes look like, which is what routing by evidence needs.
/// </summary>
public static class RotationLabels
{
    /// <summary>Number of rotations: 0, 90, 180 and 270 degrees.</summary>
    public const int Count = 4;

    /// <summary>Output of a class under a rotation.</summary>
    /// <param name="classIndex">Class within the expert, in [0, classCount).</param>
    /// <param name="rotation">Quarter turns, in [0, 4).</param>
    /// <param name="classCount">The expert's number of classes.</param>
    public static int OutputOf(int classIndex, int rotation, int classCount) => classIndex + classCount * rotation;

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

    /// <summary>
    /// Scores of the classes: the mean over the rotations shown of the logit that names class and rotation (proposal 3.3). Each
    /// view's mean logit is subtracted first: cross-entropy leaves the level of logits free, so levels of two experts do not compare.
    /// </summary>
    /// <param name="forward">Maps images [batch, channels, size, size] to logits [batch, 4·C]; its result is disposed here.</param>
    /// <param name="images">Shape [batch, channels, size, size]. Borrowed.</param>
    /// <param name="views">Rotations shown, in [1, 4]; 1 is the image as it is.</param>
    /// <param name="isCentred">Whether the mean logits are subtracted.</param>
    /// <returns>Shape [batch, C], owned by the caller.</returns>
    public static Tensor ClassScores(Func<Tensor, Tensor> forward, Tensor images, int views = Count, bool isCentred = true)
    {
        ArgumentNullException.ThrowIfNull(forward);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(views, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(views, Count);
        using var scope = NewDisposeScope();
        Tensor? sum = null;
        for (int r = 0; r < views; r++)
        {
            var logits = forward(r == 0 ? images : images.rot90(r, (2, 3)));
            long classes = logits.shape[1] / Count;
            var named = logits.narrow(1, r * classes, classes);
            var part = isCentred ? named - logits.mean([1], keepdim: true) : named.clone();
            sum = sum is null ? part : sum.add_(part);
        }

        return sum!.div_(views).MoveToOuterDisposeScope();
    }
}
