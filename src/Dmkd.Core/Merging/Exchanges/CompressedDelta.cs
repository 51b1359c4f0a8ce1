namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// A module's weight update as an exchange sends it; <see cref="UpdateBundle"/> reads and writes it as bytes. See
/// <see cref="DeltaCheck"/> before trusting one.
/// </summary>
/// <param name="Tensors">One entry per weight of the module.</param>
public sealed record CompressedDelta(IReadOnlyList<CompressedTensor> Tensors)
{
    /// <summary>Size of all values, without names and shapes.</summary>
    public long ValueBytes => Tensors.Sum(tensor => tensor.ValueBytes);
}

/// <summary>One tensor of a compressed update, as plain bytes.</summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <remarks>Immutable by agreement: values are shared, not copied. Equality compares values by reference.</remarks>
public abstract record CompressedTensor(string Name, long[] Shape)
{
    /// <summary>How all its values are stored. Default: fp32.</summary>
    public ValueFormat Format { get; init; }

    /// <summary>Size of the values, without name and shape.</summary>
    public abstract long ValueBytes { get; }
}

/// <summary>A tensor sent whole.</summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Values">All values, shape <paramref name="Shape"/>.</param>
public sealed record DenseTensor(string Name, long[] Shape, ReadOnlyMemory<byte> Values) : CompressedTensor(Name, Shape)
{
    /// <inheritdoc/>
    public override long ValueBytes => Values.Length;
}

/// <summary>A matrix sent as factors; <see cref="MatrixShape"/> says what its rows and columns are.</summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight, at least two axes.</param>
/// <param name="Rank">Inner size of the product, in [1, min(rows, columns)].</param>
public abstract record FactoredTensor(string Name, long[] Shape, int Rank) : CompressedTensor(Name, Shape);

/// <summary>
/// A tensor sent as <c>U Σ Vᵀ</c>: one update's singular triplets (proposal 3.4), or those of several updates side by
/// side.
/// </summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Number of triplets, in [1, min(rows, columns)].</param>
/// <param name="Left"><c>U</c>, shape [rows, rank].</param>
/// <param name="Singular"><c>Σ</c>, shape [rank]; largest first within one update.</param>
/// <param name="Right"><c>Vᵀ</c>, shape [rank, columns].</param>
public sealed record LowRankTensor(
    string Name,
    long[] Shape,
    int Rank,
    ReadOnlyMemory<byte> Left,
    ReadOnlyMemory<byte> Singular,
    ReadOnlyMemory<byte> Right
) : FactoredTensor(Name, Shape, Rank)
{
    /// <inheritdoc/>
    public override long ValueBytes => Left.Length + Singular.Length + Right.Length;
}

/// <summary>A tensor sent as <c>P Qᵀ</c>: a PowerSGD update together with its basis.</summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Inner size of the product, in [1, min(rows, columns)].</param>
/// <param name="Left"><c>P</c>, shape [rows, rank].</param>
/// <param name="Right"><c>Qᵀ</c>, shape [rank, columns].</param>
public sealed record ProductTensor(
    string Name,
    long[] Shape,
    int Rank,
    ReadOnlyMemory<byte> Left,
    ReadOnlyMemory<byte> Right
) : FactoredTensor(Name, Shape, Rank)
{
    /// <inheritdoc/>
    public override long ValueBytes => Left.Length + Right.Length;
}

/// <summary>
/// The left factor of a matrix alone: a node's projection <c>P_n = M_n Q</c>, or the round's basis <c>P</c>. No update
/// by itself.
/// </summary>
/// <param name="Name">Name of the weight it belongs to.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Number of columns, in [1, min(rows, columns)].</param>
/// <param name="Left">The factor, shape [rows, rank].</param>
public sealed record LeftFactorTensor(string Name, long[] Shape, int Rank, ReadOnlyMemory<byte> Left)
    : FactoredTensor(Name, Shape, Rank)
{
    /// <inheritdoc/>
    public override long ValueBytes => Left.Length;
}

/// <summary>
/// The right factor of a matrix alone: a node's <c>Q_nᵀ = Pᵀ M_n</c>, or the shared subspace <c>Qᵀ</c>. No update
/// without its basis.
/// </summary>
/// <param name="Name">Name of the weight it belongs to.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Number of rows, in [1, min(rows, columns)].</param>
/// <param name="Right">The factor, shape [rank, columns].</param>
public sealed record RightFactorTensor(string Name, long[] Shape, int Rank, ReadOnlyMemory<byte> Right)
    : FactoredTensor(Name, Shape, Rank)
{
    /// <inheritdoc/>
    public override long ValueBytes => Right.Length;
}

/// <summary>
/// A weight seen as a matrix: axis 0 by all the others, so a convolution is [out, in * kernel height * kernel width].
/// </summary>
/// <param name="Rows">Size of axis 0, the formulas' <c>m</c>.</param>
/// <param name="Columns">Product of the other axes, the formulas' <c>n</c>.</param>
public readonly record struct MatrixShape(long Rows, long Columns)
{
    /// <summary>The smaller side: the rank of a matrix of this shape cannot be larger.</summary>
    public long MaxRank => Math.Min(Rows, Columns);

    /// <summary>Number of values of the whole matrix: <c>m n</c>.</summary>
    public long Values => checked(Rows * Columns);

    /// <summary>Views a weight's shape as a matrix.</summary>
    /// <param name="shape">Shape with at least two axes.</param>
    /// <exception cref="ArgumentException">The shape has fewer axes.</exception>
    public static MatrixShape Of(ReadOnlySpan<long> shape)
    {
        if (shape.Length < 2)
            throw new ArgumentException(
                $"A matrix needs at least 2 axes; shape [{string.Join(", ", shape.ToArray())}] has {shape.Length}.",
                nameof(shape)
            );
        long columns = 1;
        foreach (long dimension in shape[1..])
            columns = checked(columns * dimension);
        return new MatrixShape(shape[0], columns);
    }

    /// <summary>Number of values of <c>U Σ Vᵀ</c>: <c>r(m + n + 1)</c>.</summary>
    public long TripletValues(int rank) => checked(rank * (Rows + Columns + 1));

    /// <summary>Number of values of <c>P Qᵀ</c>: <c>r(m + n)</c>.</summary>
    public long ProductValues(int rank) => checked(rank * (Rows + Columns));
}

/// <summary>The one place that decides which weights are sent as factors and which whole (proposal 3.4).</summary>
/// <remarks>
/// <para>Vectors go whole: biases, normalisation weights and batch-norm statistics are one row, so a factorization
/// cannot shrink them, and they are below a hundredth of a network's values.</para>
/// <para>Matrices and convolutions ([out, in * kernel height * kernel width]) are factored exactly when that is
/// smaller. The count depends on the compressor: <c>svd</c> sends singular values too and needs <c>r(m + n + 1) &lt; m
/// n</c>; <c>powersgd</c> sends <c>P</c> in phase one and <c>Q</c> in phase two and needs <c>r(m + n) &lt; m n</c>;
/// <c>dense</c> factors nothing. There is no margin beyond that: name and shape travel either way, so every value saved
/// is saved on the wire, in fp32 as in fp16. A matrix of at most r rows or columns never passes, so it goes
/// whole.</para>
/// </remarks>
public static class CompressionRule
{
    /// <summary>
    /// Whether a weight is sent as singular triplets: of one update, or of several updates side by side.
    /// </summary>
    /// <param name="shape">Shape of the weight.</param>
    /// <param name="rank">Number of singular triplets, the proposal's <c>r</c> for one update, at least 1.</param>
    public static bool UsesTriplets(long[] shape, int rank) =>
        MatrixOf(shape, rank) is { } matrix && matrix.TripletValues(rank) < matrix.Values;

    /// <summary>Whether a weight is sent as PowerSGD's two factors.</summary>
    /// <param name="shape">Shape of the weight.</param>
    /// <param name="rank">Size of the shared subspace, the proposal's <c>r</c>, at least 1.</param>
    public static bool UsesSubspace(long[] shape, int rank) =>
        MatrixOf(shape, rank) is { } matrix && matrix.ProductValues(rank) < matrix.Values;

    private static MatrixShape? MatrixOf(long[] shape, int rank)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        return shape.Length < 2 ? null : MatrixShape.Of(shape);
    }
}
