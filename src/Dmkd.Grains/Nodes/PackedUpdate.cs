using Dmkd.Contracts.Wire;

namespace Dmkd.Grains.Nodes;

/// <summary>A compressed update.</summary>
/// <param name="Tensors">One payload per weight.</param>
/// <param name="Residual">What compression dropped, as safetensors, when error is fed back.</param>
/// <param name="DeviceTime">Device time.</param>
internal sealed record PackedUpdate(TensorPayload[] Tensors, byte[]? Residual, TimeSpan DeviceTime);
