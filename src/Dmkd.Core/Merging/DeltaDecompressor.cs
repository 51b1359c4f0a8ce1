using Dmkd.Core.Checkpoints;
using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging;

/// <summary>Turns a compressed update back into tensors (proposal 3.4), whichever compressor made it.</summary>
public static class DeltaDecompressor
{
    /// <summary>Decompresses an update.</summary>
    /// <param name="delta">The update; <see cref="DeltaCheck"/> says beforehand whether it belongs to a module.</param>
    /// <returns>Tensors in the update's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">A size, rank or value is not possible, or a name comes twice; the message names the tensor.</exception>
    public static WeightSet Decompress(CompressedDelta delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var tensor in delta.Tensors)
        {
            string? problem = names.Add(tensor.Name) ? DeltaCheck.FindProblem(tensor) : $"Tensor '{tensor.Name}' comes twice.";
            if (problem is not null) throw new ArgumentException(problem, nameof(delta));
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return new WeightSet([.. delta.Tensors.Select(tensor => KeyValuePair.Create(tensor.Name, Decompress(tensor)))]);
    }

    private static Tensor Decompress(CompressedTensor tensor) => tensor is LowRankTensor factors
        ? Multiply(factors)
        : TensorMemory.FromBytes(((DenseTensor)tensor).Values, tensor.Shape);

    private static Tensor Multiply(LowRankTensor tensor)
    {
        var shape = MatrixShape.Of(tensor.Shape);
        using var factors = new LowRankFactors(
            TensorMemory.FromBytes(tensor.Left, [shape.Rows, tensor.Rank]),
            TensorMemory.FromBytes(tensor.Singular, [tensor.Rank]),
            TensorMemory.FromBytes(tensor.Right, [tensor.Rank, shape.Columns]));
        return factors.Multiply().reshape(tensor.Shape);
    }
}
