using Dmkd.Core.Checkpoints;
using Dmkd.Core.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Compression;

/// <summary>Sends matrices as rank-r factors (proposal 3.4) where <see cref="CompressionRule"/> says so, all else whole.</summary>
public sealed class SvdCompressor : IDeltaCompressor
{
    private readonly int _rank;
    private readonly ulong _seed;

    /// <summary>Configures the compressor.</summary>
    /// <param name="rank">Singular triplets to keep per matrix, the proposal's <c>r</c>, at least 1.</param>
    /// <param name="seed">Seeds the random projection; each call starts from it anew.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rank is below 1.</exception>
    public SvdCompressor(int rank, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        _rank = rank;
        _seed = seed;
    }

    /// <inheritdoc/>
    public string Name => $"{CompressorCatalog.Svd}-r{_rank}";

    /// <inheritdoc/>
    public CompressedDelta Compress(WeightSet delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        using var generator = new Generator(_seed);
        List<CompressedTensor> tensors = [];
        foreach (var (name, tensor) in delta)
            tensors.Add(CompressionRule.UsesTriplets(tensor.shape, _rank) ? Factored(name, tensor, generator) : DenseCompressor.Whole(name, tensor));
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
