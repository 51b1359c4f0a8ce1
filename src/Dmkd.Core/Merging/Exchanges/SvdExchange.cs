using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// The proposal's exchange: matrices as each node's best rank-r factors (3.4) where <see cref="CompressionRule"/> says
/// so, all else whole.
/// </summary>
/// <param name="rank">Singular triplets to keep per matrix, the proposal's <c>r</c>; 0 sends all whole.</param>
public sealed class SvdExchange(int rank) : IUpdateExchange
{
    /// <summary>The name.</summary>
    public const string Name = "svd";

    private readonly int _rank =
        rank >= 0
            ? rank
            : throw new ArgumentOutOfRangeException(nameof(rank), rank, $"rank must be at least 0; it is {rank}.");

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
            name,
            tensor.shape,
            _rank,
            TensorMemory.ToBytes(factors.Left),
            TensorMemory.ToBytes(factors.Singular),
            TensorMemory.ToBytes(factors.Right)
        );
    }
}

/// <summary>
/// Rank-r singular value decomposition (proposal 3.4). Exact for a small side of up to <see cref="MaxExactSide"/>:
/// the eigenvectors of the Gram matrix of that side, in float64 because a Gram matrix squares the condition number.
/// Above it, randomized (Halko, Martinsson and Tropp 2011, algorithm 4.4 with one power iteration), whose error stays
/// within a few percent of the best possible at a small part of the cost; only a rank that leaves the projection no
/// room, which <see cref="CompressionRule"/> sends whole, is exact there too.
/// </summary>
public static class TruncatedSvd
{
    /// <summary>Largest smaller side that is decomposed exactly.</summary>
    public const int MaxExactSide = 64;

    /// <summary>Dimensions the random projection keeps beyond the rank.</summary>
    public const int Oversampling = 8;

    // A zero singular value has a zero row in V_rᵀ; dividing by this keeps it zero.
    private const double MinDivisor = 1e-300;

    /// <summary>Decomposes a matrix.</summary>
    /// <param name="matrix">Shape [rows, columns], float32, finite. Borrowed.</param>
    /// <param name="rank">Number of singular triplets to keep, in [1, min(rows, columns)].</param>
    /// <param name="generator">Source of the random projection. Borrowed: its state advances when the projection is
    /// used.</param>
    /// <returns>Factors owned by the caller, in the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">The argument is no matrix.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rank is out of its range.</exception>
    public static LowRankFactors Compute(Tensor matrix, int rank, Generator generator)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var shape = MatrixShape.Of(matrix.shape);
        if (matrix.dim() != 2)
            throw new ArgumentException($"matrix must have 2 axes; it has {matrix.dim()}.", nameof(matrix));
        if (rank < 1 || rank > shape.MaxRank)
            throw new ArgumentOutOfRangeException(
                nameof(rank),
                rank,
                $"rank must be in [1, {shape.MaxRank}] for a {shape.Rows}x{shape.Columns} matrix."
            );
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        bool tall = shape.Rows > shape.Columns;
        var wide = tall ? matrix.t() : matrix;
        bool exact = shape.MaxRank <= MaxExactSide || rank + Oversampling >= shape.MaxRank;
        var (u, s, vt) = exact ? Exact(wide, rank) : Randomized(wide, rank, generator);
        return tall ? Own(vt.t(), s, u.t()) : Own(u, s, vt);
    }

    private static (Tensor U, Tensor S, Tensor Vt) Exact(Tensor wide, int rank)
    {
        var precise = wide.to(ScalarType.Float64);
        var (_, eigenvectors) = linalg.eigh(precise.mm(precise.t())); // eigenvalues ascend
        var u = eigenvectors.narrow(1, eigenvectors.shape[1] - rank, rank).flip(1);
        var scaled = u.t().mm(precise); // row i is σ_i v_iᵀ
        var s = scaled.norm(1, keepdim: true, p: 2);
        return (u, s.squeeze(1), scaled / s.clamp_min(MinDivisor));
    }

    private static (Tensor U, Tensor S, Tensor Vt) Randomized(Tensor wide, int rank, Generator generator)
    {
        var projection = randn([wide.shape[0], rank + Oversampling], generator: generator);
        var basis = Orthonormal(wide.t().mm(projection));
        basis = Orthonormal(wide.t().mm(Orthonormal(wide.mm(basis)))); // the power iteration
        var (u, s, vt) = linalg.svd(wide.mm(basis), fullMatrices: false);
        return (u.narrow(1, 0, rank), s.narrow(0, 0, rank), vt.narrow(0, 0, rank).mm(basis.t()));
    }

    private static Tensor Orthonormal(Tensor columns)
    {
        var (q, _) = linalg.qr(columns);
        return q;
    }

    private static LowRankFactors Own(Tensor left, Tensor singular, Tensor right) =>
        new(Own(left), Own(singular), Own(right));

    private static Tensor Own(Tensor factor) => factor.to(ScalarType.Float32).contiguous().MoveToOuterDisposeScope();
}

/// <summary>The best rank-r factors of a matrix, <c>U_r Σ_r V_rᵀ</c>. Owns its tensors (float32, contiguous).</summary>
/// <param name="Left"><c>U_r</c>, shape [rows, rank].</param>
/// <param name="Singular"><c>Σ_r</c>, shape [rank], largest first.</param>
/// <param name="Right"><c>V_rᵀ</c>, shape [rank, columns].</param>
public sealed record LowRankFactors(Tensor Left, Tensor Singular, Tensor Right) : IDisposable
{
    /// <summary>Multiplies the factors.</summary>
    /// <returns>Shape [rows, columns], owned by the caller.</returns>
    public Tensor Multiply()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return (Left * Singular).mm(Right).MoveToOuterDisposeScope();
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        Left.Dispose();
        Singular.Dispose();
        Right.Dispose();
    }
}

/// <summary>
/// Orthonormalisation by Householder reflections in float64. Unlike Gram-Schmidt it gives orthonormal columns for every
/// finite matrix: where columns are zero or depend on earlier ones, further directions stand in for them.
/// </summary>
internal static class OrthonormalColumns
{
    /// <summary>Columns that span at least what the matrix's columns span.</summary>
    /// <param name="matrix">Shape [rows, rank], rows at least rank, finite. Borrowed.</param>
    /// <returns>Float64, shape [rows, rank], in the caller's dispose scope.</returns>
    public static Tensor Of(Tensor matrix)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (columns, _) = linalg.qr(matrix.to(ScalarType.Float64));
        return columns.MoveToOuterDisposeScope();
    }
}
