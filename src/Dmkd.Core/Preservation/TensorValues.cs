using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Dmkd.Core.Preservation;

/// <summary>Moves numbers from tensors to arrays.</summary>
internal static class TensorValues
{
    /// <summary>Copies a tensor's values in row-major order.</summary>
    /// <param name="tensor">Any shape, any numeric type. Borrowed.</param>
    public static double[] ToDoubles(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return MemoryMarshal.Cast<byte, double>(tensor.detach().to(float64).cpu().contiguous().bytes).ToArray();
    }
}
