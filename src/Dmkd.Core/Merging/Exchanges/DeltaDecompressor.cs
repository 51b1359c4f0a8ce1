using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// Turns a compressed update back into tensors (proposal 3.4), whichever compressor made it. Factors are multiplied in
/// float64.
/// </summary>
public static class DeltaDecompressor
{
    /// <summary>Decompresses an update.</summary>
    /// <param name="delta">The update; <see cref="DeltaCheck"/> says beforehand whether it belongs to a module.</param>
    /// <returns>Tensors in the update's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">A form, size, rank or value is not possible, or a name comes twice; the
    /// message names the tensor.</exception>
    public static WeightSet Decompress(CompressedDelta delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var tensor in delta.Tensors)
        {
            string? problem =
                TensorCheck.FindUpdateProblem(tensor)
                ?? (names.Add(tensor.Name) ? null : $"Tensor '{tensor.Name}' comes twice.");
            if (problem is not null)
                throw new ArgumentException(problem, nameof(delta));
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return new WeightSet([.. delta.Tensors.Select(tensor => KeyValuePair.Create(tensor.Name, Rounded(tensor)))]);
    }

    /// <summary>Decompresses one tensor without rounding the product of its factors.</summary>
    /// <param name="tensor">A tensor without <see cref="TensorCheck.FindUpdateProblem">problems</see>.</param>
    /// <returns>Float64, of the tensor's shape, in the current dispose scope.</returns>
    internal static Tensor Precise(CompressedTensor tensor) =>
        tensor switch
        {
            LowRankTensor low => Product(low, low.Left, Factor(low.Singular, low, low.Rank), low.Right),
            ProductTensor product => Product(product, product.Left, null, product.Right),
            DenseTensor dense => Factor(dense.Values, dense, dense.Shape),
            _ => throw new NotSupportedException(
                $"Tensor '{tensor.Name}' of form {tensor.GetType().Name} is no update by itself."
            ),
        };

    private static Tensor Rounded(CompressedTensor tensor) =>
        tensor is DenseTensor dense
            ? ValueCodec.Decode(dense.Values, dense.Format, dense.Shape)
            : Precise(tensor).to(ScalarType.Float32);

    private static Tensor Product(
        FactoredTensor tensor,
        ReadOnlyMemory<byte> left,
        Tensor? singular,
        ReadOnlyMemory<byte> right
    )
    {
        var shape = MatrixShape.Of(tensor.Shape);
        var rows = Factor(left, tensor, shape.Rows, tensor.Rank);
        if (singular is not null)
            rows.mul_(singular);
        return rows.mm(Factor(right, tensor, tensor.Rank, shape.Columns)).reshape(tensor.Shape);
    }

    private static Tensor Factor(
        ReadOnlyMemory<byte> bytes,
        CompressedTensor tensor,
        params ReadOnlySpan<long> shape
    ) => ValueCodec.Decode(bytes, tensor.Format, shape).to(ScalarType.Float64);
}

/// <summary>
/// Applies a compressed update to the weights it was made for. A merged version is what this gives for its base and its
/// <see cref="MergedDelta"/>, so a node that holds the base and gets the update computes the same bits as the
/// coordinator on the same kind of machine.
/// </summary>
public static class DeltaApplier
{
    /// <summary>
    /// Base plus update: factors multiplied and added in float64, rounded once to float32; variances are kept positive,
    /// as in <see cref="ModuleAverager"/>.
    /// </summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="delta">The update.</param>
    /// <returns>The weights, in the base's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">The update has a problem (<see cref="DeltaCheck"/>) or a result is not
    /// finite; the message names it.</exception>
    public static WeightSet Apply(WeightSet baseWeights, CompressedDelta delta)
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        ArgumentNullException.ThrowIfNull(delta);
        if (DeltaCheck.FindProblem(baseWeights, delta) is { } problem)
            throw new ArgumentException(problem, nameof(delta));
        var tensors = delta.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        return baseWeights.Map(
            (name, start) => MergedWeight.Round(name, DeltaDecompressor.Precise(tensors[name]).add_(start))
        );
    }
}
