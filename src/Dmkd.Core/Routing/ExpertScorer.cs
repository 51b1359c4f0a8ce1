using Dmkd.Core.Modules;
using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Core.Routing;

/// <summary>Computes an expert's scores of its classes.</summary>
public static class ExpertScorer
{
    private const int ChunkSize = 256;

    /// <summary>Scores a batch without gradients.</summary>
    /// <param name="network">The expert, in evaluation mode. Borrowed.</param>
    /// <param name="pixels">uint8, shape [batch, channels, size, size]. Borrowed.</param>
    /// <param name="rotationLabelled">Whether its outputs name class and rotation.</param>
    /// <param name="normalisation">Normalisation of its inputs; DMKD's own when null.</param>
    /// <param name="views">Views shown to a rotation-labelled expert, in [1, 8] (<see cref="RotationLabels.ClassScores"/>).</param>
    /// <param name="isCentred">Whether the mean logit of each view is subtracted, of a rotation-labelled expert.</param>
    /// <returns>Scores on the CPU, shape [batch, classes], owned by the caller.</returns>
    public static Tensor Score(
        Network network, Tensor pixels, bool rotationLabelled, InputNormalisation? normalisation = null, int views = RotationLabels.Count, bool isCentred = true)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(pixels);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var chunks = new List<Tensor>();
        for (long start = 0; start < pixels.shape[0]; start += ChunkSize)
        {
            using var inner = NewDisposeScope();
            var part = pixels.narrow(0, start, Math.Min(ChunkSize, pixels.shape[0] - start));
            var images = normalisation is null ? ImageTensors.Normalise(part) : normalisation.Apply(part);
            var scores = rotationLabelled ? RotationLabels.ClassScores(network.forward, images, views, isCentred) : network.forward(images);
            chunks.Add(scores.cpu().MoveToOuterDisposeScope());
        }

        return cat(chunks).MoveToOuterDisposeScope();
    }

    /// <summary>Copies scores out of a tensor.</summary>
    /// <param name="scores">Float32 on the CPU, any shape. Borrowed.</param>
    public static float[] ToArray(Tensor scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        using var flat = scores.contiguous();
        return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(flat.bytes).ToArray();
    }
}
