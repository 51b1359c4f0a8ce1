namespace Dmkd.Core.Merging.Compression;

/// <summary>A weight seen as a matrix: axis 0 by all the others, so a convolution is [out, in * kernel height * kernel width].</summary>
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
            throw new ArgumentException($"A matrix needs at least 2 axes; shape [{string.Join(", ", shape.ToArray())}] has {shape.Length}.", nameof(shape));
        long columns = 1;
        foreach (long dimension in shape[1..]) columns = checked(columns * dimension);
        return new MatrixShape(shape[0], columns);
    }

    /// <summary>Number of values of <c>U Σ Vᵀ</c>: <c>r(m + n + 1)</c>.</summary>
    public long TripletValues(int rank) => checked(rank * (Rows + Columns + 1));

    /// <summary>Number of values of <c>P Qᵀ</c>: <c>r(m + n)</c>.</summary>
    public long ProductValues(int rank) => checked(rank * (Rows + Columns));
}
