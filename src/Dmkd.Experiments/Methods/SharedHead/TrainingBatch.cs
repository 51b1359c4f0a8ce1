using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>The images of one training step. The tensors belong to the step and end with it.</summary>
/// <param name="Pixels">As stored, not augmented: uint8, shape [batch, channels, size, size], on the CPU.</param>
/// <param name="Images">Augmented and normalised: float32 of the same shape, on the device.</param>
/// <param name="Labels">Int64, shape [batch], on the device.</param>
/// <param name="Positions">Positions in the task's images: int64, shape [batch], on the CPU.</param>
internal readonly record struct TrainingBatch(Tensor Pixels, Tensor Images, Tensor Labels, Tensor Positions);
