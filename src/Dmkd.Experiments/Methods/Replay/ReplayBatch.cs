using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.Replay;

/// <summary>Remembered images, in the scope they were drawn in.</summary>
/// <param name="Images">As a reservoir keeps them, or augmented and normalised. Shape [n, channels, size, size].</param>
/// <param name="Labels">Int64, shape [n].</param>
/// <param name="Logits">What the model answered when the images were stored, shape [n, classes]; null when that was not kept.</param>
internal readonly record struct ReplayBatch(Tensor Images, Tensor Labels, Tensor? Logits);
