using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Compression;

/// <summary>
/// Phase two of PowerSGD (Vogels et al. 2019): a matrix becomes <c>P Q_nᵀ</c> with <c>Q_n = M_nᵀ P</c>, all else goes whole.
/// What it gives holds the basis and so decompresses by itself; <see cref="PowerSgdPayload.WithoutBasis"/> is what a node
/// sends, as everyone has the basis. <see cref="ErrorFeedback"/> around it keeps exactly what that payload does not carry.
/// </summary>
public sealed class PowerSgdCompressor : IDeltaCompressor
{
    private readonly int _rank;
    private readonly Dictionary<string, LeftFactorTensor> _basis;

    /// <summary>Takes over the round's basis.</summary>
    /// <param name="rank">Size of the subspace, the proposal's <c>r</c>, at least 1.</param>
    /// <param name="basis">What <see cref="PowerSgdProjection.Basis"/> gave; <see cref="PowerSgdCheck"/> says whether it belongs to a module.</param>
    /// <exception cref="ArgumentException">A tensor is no left factor of that rank.</exception>
    public PowerSgdCompressor(int rank, CompressedDelta basis)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        ArgumentNullException.ThrowIfNull(basis);
        _rank = rank;
        _basis = PowerSgdPayload.ByName(basis);
        if (_basis.Values.FirstOrDefault(factor => factor.Rank != rank) is { } other)
            throw new ArgumentException($"Tensor '{other.Name}' of the basis has rank {other.Rank}; the compressor's is {rank}.", nameof(basis));
    }

    /// <inheritdoc/>
    public string Name => $"{CompressorCatalog.PowerSgd}-r{_rank}";

    /// <inheritdoc/>
    /// <returns>Products in the basis's format and whole tensors in fp32, in the update's order.</returns>
    /// <exception cref="ArgumentException">A value is not finite, or the basis is of another module; the message names the tensor.</exception>
    public CompressedDelta Compress(WeightSet delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        if (_basis.Keys.FirstOrDefault(name => !delta.ContainsKey(name)) is { } missing)
            throw new ArgumentException($"Tensor '{missing}' of the basis is not in the delta.", nameof(delta));
        return new CompressedDelta([.. delta.Select(pair => Compress(pair.Key, pair.Value))]);
    }

    private CompressedTensor Compress(string name, Tensor tensor)
    {
        bool factored = CompressionRule.UsesSubspace(tensor.shape, _rank);
        if (factored != _basis.TryGetValue(name, out var basis) || (factored && !basis!.Shape.AsSpan().SequenceEqual(tensor.shape)))
            throw new ArgumentException($"Tensor '{name}' of shape {WeightSchema.Text(tensor.shape)} does not fit the basis.", nameof(tensor));
        return factored ? Product(tensor, basis!) : DenseCompressor.Whole(name, tensor);
    }

    private static ProductTensor Product(Tensor tensor, LeftFactorTensor basis)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        WeightSchema.RequireFinite(basis.Name, tensor, "delta");
        var shape = MatrixShape.Of(basis.Shape);
        var left = ValueCodec.Decode(basis.Left, basis.Format, shape.Rows, basis.Rank);
        var right = left.t().mm(tensor.detach().reshape(shape.Rows, shape.Columns));
        WeightSchema.RequireFinite(basis.Name, right, "the compressed delta");
        return new ProductTensor(basis.Name, basis.Shape, basis.Rank, basis.Left, ValueCodec.Encode(right, basis.Format)) { Format = basis.Format };
    }
}
