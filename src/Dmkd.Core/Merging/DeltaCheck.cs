using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging;

/// <summary>
/// Decides whether an update that came over the wire can be used (proposal 3.4): schema, shapes, sizes, rank, finite values.
/// Reads the bytes where they are and allocates nothing in their size, so that it is safe before any decompression.
/// </summary>
public static class DeltaCheck
{
    /// <summary>Looks for the first problem.</summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="delta">The update.</param>
    /// <returns>One line that names tensor, check and value; null when the update can be decompressed and merged.</returns>
    public static string? FindProblem(WeightSet baseWeights, CompressedDelta delta)
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        ArgumentNullException.ThrowIfNull(delta);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var tensor in delta.Tensors)
        {
            if (!baseWeights.TryGetValue(tensor.Name, out var weight)) return $"Tensor '{tensor.Name}' is not among the base weights.";
            if (!seen.Add(tensor.Name)) return $"Tensor '{tensor.Name}' comes twice.";
            if (!weight.shape.AsSpan().SequenceEqual(tensor.Shape))
                return $"Tensor '{tensor.Name}' has shape {WeightSchema.Text(tensor.Shape)}; the base weights have {WeightSchema.Text(weight.shape)}.";
            if (FindProblem(tensor) is { } problem) return problem;
        }

        return baseWeights.Keys.FirstOrDefault(name => !seen.Contains(name)) is { } missing ? $"Tensor '{missing}' is missing." : null;
    }

    /// <summary>Looks for the first problem of one tensor by itself.</summary>
    internal static string? FindProblem(CompressedTensor tensor)
    {
        if (ElementCount(tensor.Shape) is not { } count)
            return $"Tensor '{tensor.Name}': no tensor has shape {WeightSchema.Text(tensor.Shape)}.";
        return tensor switch
        {
            DenseTensor dense => FindProblem(dense, count),
            LowRankTensor factors => FindProblem(factors),
            _ => $"Tensor '{tensor.Name}' has the unknown form {tensor.GetType().Name}.",
        };
    }

    private static string? FindProblem(DenseTensor tensor, long count) =>
        SizeProblem(tensor.Name, "Values", tensor.Values, count) ?? RangeProblem(tensor.Name, "Values", Fp32Bytes.LargestMagnitude(tensor.Values));

    private static string? FindProblem(LowRankTensor tensor)
    {
        if (tensor.Shape.Length < 2)
            return $"Tensor '{tensor.Name}' of shape {WeightSchema.Text(tensor.Shape)} cannot be of low rank: it is no matrix.";
        var shape = MatrixShape.Of(tensor.Shape);
        if (tensor.Rank < 1 || tensor.Rank > shape.MaxRank)
            return $"Tensor '{tensor.Name}': rank must be in [1, {shape.MaxRank}] for a {shape.Rows}x{shape.Columns} matrix; it is {tensor.Rank}.";
        return SizeProblem(tensor.Name, "Left", tensor.Left, shape.Rows * tensor.Rank)
            ?? SizeProblem(tensor.Name, "Singular", tensor.Singular, tensor.Rank)
            ?? SizeProblem(tensor.Name, "Right", tensor.Right, tensor.Rank * shape.Columns)
            ?? RangeProblem(tensor);
    }

    private static string? RangeProblem(LowRankTensor tensor)
    {
        float left = Fp32Bytes.LargestMagnitude(tensor.Left), singular = Fp32Bytes.LargestMagnitude(tensor.Singular), right = Fp32Bytes.LargestMagnitude(tensor.Right);
        return RangeProblem(tensor.Name, "Left", left)
            ?? RangeProblem(tensor.Name, "Singular", singular)
            ?? RangeProblem(tensor.Name, "Right", right)
            // Finite factors can still multiply to infinity; no singular vector has a value above 1, so honest ones never do.
            ?? RangeProblem(tensor.Name, "Left * Singular", (float)((double)left * singular))
            ?? RangeProblem(tensor.Name, "Left * Singular * Right", (float)((double)left * singular * right * tensor.Rank));
    }

    /// <summary>Number of values of a shape; null when it is impossible: a negative size, or more bytes than a long can count.</summary>
    private static long? ElementCount(ReadOnlySpan<long> shape)
    {
        Int128 nonEmpty = 1; // with the zeros left out, as libtorch computes strides
        bool empty = false;
        foreach (long dimension in shape)
        {
            if (dimension < 0) return null;
            empty |= dimension == 0;
            nonEmpty *= Math.Max(dimension, 1);
            if (nonEmpty > long.MaxValue / sizeof(float)) return null;
        }

        return empty ? 0 : (long)nonEmpty;
    }

    private static string? SizeProblem(string name, string part, ReadOnlySpan<byte> bytes, long count) =>
        bytes.Length == count * sizeof(float) ? null : $"Tensor '{name}': {part} must be {count * sizeof(float)} bytes; it is {bytes.Length}.";

    private static string? RangeProblem(string name, string part, float largest) =>
        float.IsFinite(largest) ? null : $"Tensor '{name}': {part} holds a value that is not finite: {largest}.";
}
