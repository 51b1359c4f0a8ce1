using Dmkd.Core.Checkpoints;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>The proposal's exchange: matrices as each node's best rank-r factors (3.4) where <see cref="CompressionRule"/> says so, all else whole.</summary>
/// <param name="rank">Singular triplets to keep per matrix, the proposal's <c>r</c>; 0 sends all whole.</param>
public sealed class SvdExchange(int rank) : IUpdateExchange
{
    /// <summary>The name.</summary>
    public const string Name = "svd";

    private readonly int _rank = rank >= 0 ? rank : throw new ArgumentOutOfRangeException(nameof(rank), rank, $"rank must be at least 0; it is {rank}.");

    /// <inheritdoc/>
    /// <remarks>The node's seed makes the random projection of large matrices; each call starts from it anew.</remarks>
    public CompressedDelta Pack(NodeUpdate update, CompressedDelta? basis)
    {
        ArgumentNullException.ThrowIfNull(update);
        using var generator = new Generator(update.Seed);
        List<CompressedTensor> tensors = [];
        foreach (var (name, tensor) in update.Delta)
        {
            bool isFactored = _rank > 0 && CompressionRule.UsesTriplets(tensor.shape, _rank);
            tensors.Add(isFactored ? Factored(name, tensor, generator) : DenseExchange.Whole(name, tensor));
        }

        return new CompressedDelta(tensors);
    }

    private LowRankTensor Factored(string name, Tensor tensor, Generator generator)
    {
        WeightSchema.RequireFinite(name, tensor, "delta");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var shape = MatrixShape.Of(tensor.shape);
        var factors = TruncatedSvd.Compute(tensor.detach().reshape(shape.Rows, shape.Columns), _rank, generator);
        return new LowRankTensor(
            name, tensor.shape, _rank,
            TensorMemory.ToBytes(factors.Left), TensorMemory.ToBytes(factors.Singular), TensorMemory.ToBytes(factors.Right));
    }
}
