using System.Diagnostics;
using Dmkd.Contracts.Nodes;
using Dmkd.Data;

namespace Dmkd.Grains.Nodes;

/// <summary>What a local update needs on its lane.</summary>
/// <param name="Request">The request.</param>
/// <param name="Shard">The node's images of the task.</param>
/// <param name="Starting">Weights to start from, as safetensors.</param>
/// <param name="Base">Weights the delta is relative to.</param>
/// <param name="Teacher">Weights of the distillation teacher, when λ is above 0.</param>
/// <param name="Parent">Span the work belongs to.</param>
internal sealed record LocalWorkInput(
    LocalUpdateRequest Request, ImageSet Shard, byte[] Starting, byte[] Base, byte[]? Teacher, ActivityContext Parent);
