using Dmkd.Core.Models;
using static TorchSharp.torch;

namespace Dmkd.Core.Modalities.Images;

/// <summary>Computes an expert's scores of its classes.</summary>
public static class ExpertScorer
{
    private const int ChunkSize = 256;

    /// <summary>Scores a batch without gradients.</summary>
    /// <param name="network">The expert, in evaluation mode. Borrowed.</param>
    /// <param name="pixels">uint8, shape [batch, channels, size, size]. Borrowed.</param>
    /// <param name="rotationLabelled">Whether its outputs name class and rotation.</param>
    /// <param name="normalisation">Normalisation of its inputs; DMKD's own when null.</param>
    /// <param name="views">Views shown to a rotation-labelled expert, in [1, 8]
    /// (<see cref="RotationLabels.ClassScores"/>).</param>
    /// <param name="isCentred">Whether the mean logit of each view is subtracted, of a rotation-labelled
    /// expert.</param>
    /// <returns>Scores on the CPU, shape [batch, classes], owned by the caller.</returns>
    public static Tensor Score(
        Network network,
        Tensor pixels,
        bool rotationLabelled,
        InputNormalisation? normalisation = null,
        int views = RotationLabels.Count,
        bool isCentred = true
    )
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(pixels);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var chunks = new List<Tensor>();
        foreach (var part in Chunks(pixels))
        {
            using var inner = NewDisposeScope();
            chunks.Add(
                ScoreChunk(network.forward, Normalise(part, normalisation), rotationLabelled, views, isCentred)
                    .cpu()
                    .MoveToOuterDisposeScope()
            );
        }

        return cat(chunks).MoveToOuterDisposeScope();
    }

    /// <summary>Scores a batch and gives the features that its scores were made of, from the same pass.</summary>
    /// <inheritdoc cref="Score"/>
    /// <returns> Scores, shape [batch, classes], and features, shape [batch, views · features]: square roots, with
    /// their sign, of what the head reads in each view. The root evens out the spread of averaged activations. Both on
    /// the CPU, owned by the caller. </returns>
    public static (Tensor Scores, Tensor Features) ScoreWithFeatures(
        Network network,
        Tensor pixels,
        bool rotationLabelled,
        InputNormalisation? normalisation = null,
        int views = RotationLabels.Count,
        bool isCentred = true
    )
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(pixels);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        List<Tensor> scores = [],
            features = [];
        foreach (var part in Chunks(pixels))
        {
            using var inner = NewDisposeScope();
            var seen = new List<Tensor>();
            scores.Add(
                ScoreChunk(Remember, Normalise(part, normalisation), rotationLabelled, views, isCentred)
                    .cpu()
                    .MoveToOuterDisposeScope()
            );
            features.Add(cat(seen, 1).cpu().MoveToOuterDisposeScope());
            foreach (var root in seen)
                root.Dispose();

            Tensor Remember(Tensor images)
            {
                using var read = network.Features(images);
                seen.Add(read.sign().mul_(read.abs().sqrt_()).DetachFromDisposeScope());
                return network.Head(read);
            }
        }

        return (cat(scores).MoveToOuterDisposeScope(), cat(features).MoveToOuterDisposeScope());
    }

    private static IEnumerable<Tensor> Chunks(Tensor pixels)
    {
        for (long start = 0; start < pixels.shape[0]; start += ChunkSize)
            yield return pixels.narrow(0, start, Math.Min(ChunkSize, pixels.shape[0] - start));
    }

    private static Tensor Normalise(Tensor pixels, InputNormalisation? normalisation) =>
        normalisation is null ? ImageTensors.Normalise(pixels) : normalisation.Apply(pixels);

    private static Tensor ScoreChunk(
        Func<Tensor, Tensor> forward,
        Tensor images,
        bool rotationLabelled,
        int views,
        bool isCentred
    ) => rotationLabelled ? RotationLabels.ClassScores(forward, images, views, isCentred) : forward(images);
}
