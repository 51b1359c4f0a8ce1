using Dmkd.Core.Training;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>What a model answers to stored images.</summary>
internal static class ModelOutputs
{
    private const int ChunkSize = 256;

    /// <summary>Computes logits without gradients, in the mode the model is in.</summary>
    /// <param name="model">Borrowed.</param>
    /// <param name="pixels">uint8, shape [n, channels, size, size] with n at least 1, on the CPU. Borrowed.</param>
    /// <param name="device">Where the model is.</param>
    /// <returns>Float32, shape [n, outputs], on the CPU, owned by the caller.</returns>
    public static Tensor Of(nn.Module<Tensor, Tensor> model, Tensor pixels, Device device)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        List<Tensor> chunks = [];
        foreach (var part in pixels.split(ChunkSize))
        {
            using var inner = NewDisposeScope();
            chunks.Add(model.forward(ImageTensors.Normalise(part.to(device))).cpu().MoveToOuterDisposeScope());
        }

        return cat(chunks).MoveToOuterDisposeScope();
    }
}
