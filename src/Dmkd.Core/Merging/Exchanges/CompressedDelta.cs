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

/// <summary>A tensor sent as <c>U Σ Vᵀ</c>: one update's singular triplets (proposal 3.4), or those of several updates side by side.</summary>
/// <param name="Name">Name of the weight it updates.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Number of triplets, in [1, min(rows, columns)].</param>
/// <param name="Left"><c>U</c>, shape [rows, rank].</param>
/// <param name="Singular"><c>Σ</c>, shape [rank]; largest first within one update.</param>
/// <param name="Right"><c>Vᵀ</c>, shape [rank, columns].</param>
public sealed record LowRankTensor(
    string Name, long[] Shape, int Rank, ReadOnlyMemory<byte> Left, ReadOnlyMemory<byte> Singular, ReadOnlyMemory<byte> Right)
    : FactoredTensor(Name, Shape, Rank)
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
public sealed record ProductTensor(string Name, long[] Shape, int Rank, ReadOnlyMemory<byte> Left, ReadOnlyMemory<byte> Right)
    : FactoredTensor(Name, Shape, Rank)
{
    /// <inheritdoc/>
    public override long ValueBytes => Left.Length + Right.Length;
}

/// <summary>The left factor of a matrix alone: a node's projection <c>P_n = M_n Q</c>, or the round's basis <c>P</c>. No update by itself.</summary>
/// <param name="Name">Name of the weight it belongs to.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Number of columns, in [1, min(rows, columns)].</param>
/// <param name="Left">The factor, shape [rows, rank].</param>
public sealed record LeftFactorTensor(string Name, long[] Shape, int Rank, ReadOnlyMemory<byte> Left) : FactoredTensor(Name, Shape, Rank)
{
    /// <inheritdoc/>
    public override long ValueBytes => Left.Length;
}

/// <summary>The right factor of a matrix alone: a node's <c>Q_nᵀ = Pᵀ M_n</c>, or the shared subspace <c>Qᵀ</c>. No update without its basis.</summary>
/// <param name="Name">Name of the weight it belongs to.</param>
/// <param name="Shape">Shape of that weight.</param>
/// <param name="Rank">Number of rows, in [1, min(rows, columns)].</param>
/// <param name="Right">The factor, shape [rank, columns].</param>
public sealed record RightFactorTensor(string Name, long[] Shape, int Rank, ReadOnlyMemory<byte> Right) : FactoredTensor(Name, Shape, Rank)
{
    /// <inheritdoc/>
    public override long ValueBytes => Right.Length;
}
