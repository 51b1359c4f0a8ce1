using Dmkd.Core.Tensors;
using static TorchSharp.torch;

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
