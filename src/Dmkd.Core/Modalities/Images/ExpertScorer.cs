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
    /// <param name="views">Views of <see cref="RotationLabels.ClassScores"/>, in [1, 8].</param>
    /// <param name="isCentred">Whether the mean logit of each view is subtracted, of a rotation-labelled expert.</param>
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
        var request = new Request(network, pixels, rotationLabelled, normalisation, views, isCentred);
        return ScoreChunks(request, features: null).MoveToOuterDisposeScope();
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
        var request = new Request(network, pixels, rotationLabelled, normalisation, views, isCentred);
        var features = new List<Tensor>();
        var scores = ScoreChunks(request, features);
        return (scores.MoveToOuterDisposeScope(), cat(features).MoveToOuterDisposeScope());
    }

    /// <summary>The scores, and where asked the features of each chunk; both in the scope of the caller.</summary>
    private static Tensor ScoreChunks(Request request, List<Tensor>? features)
    {
        using var noGrad = no_grad();
        var scores = new List<Tensor>();
        foreach (var part in Chunks(request.Pixels))
        {
            using var inner = NewDisposeScope();
            var seen = new List<Tensor>();
            scores.Add(ScoreChunk(request, part, features is null ? null : seen).cpu().MoveToOuterDisposeScope());
            features?.Add(cat(seen, 1).cpu().MoveToOuterDisposeScope());
            foreach (var root in seen)
                root.Dispose();
        }

        return cat(scores);
    }

    private static IEnumerable<Tensor> Chunks(Tensor pixels)
    {
        for (long start = 0; start < pixels.shape[0]; start += ChunkSize)
            yield return pixels.narrow(0, start, Math.Min(ChunkSize, pixels.shape[0] - start));
    }

    /// <summary>Scores a chunk; <c>seen</c> takes the roots of each view's features, outside of any scope.</summary>
    private static Tensor ScoreChunk(Request request, Tensor part, List<Tensor>? seen)
    {
        var images = request.Normalisation?.Apply(part) ?? ImageTensors.Normalise(part);
        var forward = seen is null ? request.Network.forward : Remembering(request.Network, seen);
        return request.RotationLabelled
            ? RotationLabels.ClassScores(forward, images, request.Views, request.IsCentred)
            : forward(images);
    }

    private static Func<Tensor, Tensor> Remembering(Network network, List<Tensor> seen) =>
        view =>
        {
            using var read = network.Features(view);
            seen.Add(read.sign().mul_(read.abs().sqrt_()).DetachFromDisposeScope());
            return network.Head(read);
        };

    private sealed record Request(
        Network Network,
        Tensor Pixels,
        bool RotationLabelled,
        InputNormalisation? Normalisation,
        int Views,
        bool IsCentred
    );
}
