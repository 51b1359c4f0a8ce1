using static TorchSharp.torch;

namespace Dmkd.Client.Evaluation;

/// <summary>A model that <c>evaluate</c> asks. Owns its tensors.</summary>
internal interface ITestedModel : IDisposable
{
    /// <summary>Logits of a batch.</summary>
    /// <param name="input">Normalised images, shape [n, channels, size, size]. Borrowed.</param>
    /// <returns>Shape [n, classes], owned by the caller.</returns>
    Tensor Logits(Tensor input);
}
