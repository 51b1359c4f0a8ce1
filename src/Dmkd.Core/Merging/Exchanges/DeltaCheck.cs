using Dmkd.Core.Tensors;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// Decides whether an update that came over the wire can be used (proposal 3.4): schema, shapes, format, sizes, rank,
/// finite values. Reads the bytes where they are and allocates nothing in their size, so that it is safe before any
/// decompression.
/// </summary>
public static class DeltaCheck
{
    /// <summary>Looks for the first problem.</summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="delta">The update.</param>
    /// <returns>One line that names tensor, check and value; null when the update can be decompressed and
    /// merged.</returns>
    public static string? FindProblem(WeightSet baseWeights, CompressedDelta delta) =>
        FindProblem(baseWeights, delta, _ => true, TensorCheck.FindUpdateProblem);

    /// <summary>Looks for the first problem of a payload that holds some of a module's weights.</summary>
    /// <param name="baseWeights">Weights of the module. Borrowed.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="isExpected">Whether a weight of a shape must be in the payload; the others must not.</param>
    /// <param name="findTensorProblem">Looks for the first problem of one tensor, whose name and shape are already
    /// right.</param>
    internal static string? FindProblem(
        WeightSet baseWeights,
        CompressedDelta payload,
        Func<long[], bool> isExpected,
        Func<CompressedTensor, string?> findTensorProblem
    )
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        ArgumentNullException.ThrowIfNull(payload);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var tensor in payload.Tensors)
        {
            if (tensor is not { Name: not null, Shape: not null })
                return "A tensor has no name or no shape.";
            if (!baseWeights.TryGetValue(tensor.Name, out var weight))
                return $"Tensor '{tensor.Name}' is not among the base weights.";
            if (!seen.Add(tensor.Name))
                return $"Tensor '{tensor.Name}' comes twice.";
            if (!weight.shape.AsSpan().SequenceEqual(tensor.Shape))
                return $"Tensor '{tensor.Name}' has shape {WeightSchema.Text(tensor.Shape)}; the base weights have "
                    + $"{WeightSchema.Text(weight.shape)}.";
            if (!isExpected(tensor.Shape))
                return $"Tensor '{tensor.Name}' of shape {WeightSchema.Text(tensor.Shape)} does not belong to this payload.";
            if (findTensorProblem(tensor) is { } problem)
                return problem;
        }

        string? missing = baseWeights
            .Where(pair => isExpected(pair.Value.shape))
            .Select(pair => pair.Key)
            .FirstOrDefault(name => !seen.Contains(name));
        return missing is null ? null : $"Tensor '{missing}' is missing.";
    }
}

/// <summary>
/// Checks one compressed tensor by itself: format, shape, rank, sizes, finite values. Reads the bytes where they are
/// and allocates nothing in their size.
/// </summary>
internal static class TensorCheck
{
    /// <summary>Looks for the first problem of an update's tensor: one that decompresses by itself.</summary>
    public static string? FindUpdateProblem(CompressedTensor? tensor) =>
        FindProblem(tensor)
        ?? (
            tensor is LeftFactorTensor or RightFactorTensor
                ? $"Tensor '{tensor.Name}' is one factor of a product; an update needs both."
                : null
        );

    /// <summary>Looks for the first problem of a tensor of any form.</summary>
    /// <returns>One line that names tensor, check and value; null when there is none.</returns>
    public static string? FindProblem(CompressedTensor? tensor)
    {
        if (tensor is not { Name: not null, Shape: not null })
            return "A tensor has no name or no shape.";
        if (!Enum.IsDefined(tensor.Format))
            return $"Tensor '{tensor.Name}' has the unknown format {(int)tensor.Format}.";
        if (ElementCount(tensor.Shape) is not { } count)
            return $"Tensor '{tensor.Name}': no tensor has shape {WeightSchema.Text(tensor.Shape)}.";
        return tensor switch
        {
            DenseTensor dense => PartsProblem(tensor, new Part("Values", dense.Values, count)),
            FactoredTensor factored => FactorsProblem(factored),
            _ => UnknownForm(tensor),
        };
    }

    private static string? FactorsProblem(FactoredTensor tensor)
    {
        if (tensor.Shape.Length < 2)
            return $"Tensor '{tensor.Name}' of shape {WeightSchema.Text(tensor.Shape)} cannot be of low rank: it is no matrix.";
        var shape = MatrixShape.Of(tensor.Shape);
        if (tensor.Rank < 1 || tensor.Rank > shape.MaxRank)
            return $"Tensor '{tensor.Name}': rank must be in [1, {shape.MaxRank}] for a "
                + $"{shape.Rows}x{shape.Columns} matrix; it is {tensor.Rank}.";
        long left = shape.Rows * tensor.Rank,
            right = tensor.Rank * shape.Columns;
        return tensor switch
        {
            LowRankTensor low => PartsProblem(
                tensor,
                new Part("Left", low.Left, left),
                new Part("Singular", low.Singular, low.Rank),
                new Part("Right", low.Right, right)
            ) ?? ProductProblem(low, low.Left, low.Singular, low.Right),
            ProductTensor product => PartsProblem(
                tensor,
                new Part("Left", product.Left, left),
                new Part("Right", product.Right, right)
            ) ?? ProductProblem(product, product.Left, product.Right),
            LeftFactorTensor factor => PartsProblem(tensor, new Part("Left", factor.Left, left)),
            RightFactorTensor factor => PartsProblem(tensor, new Part("Right", factor.Right, right)),
            _ => UnknownForm(tensor),
        };
    }

    private static string? PartsProblem(CompressedTensor tensor, params ReadOnlySpan<Part> parts)
    {
        int bytesPerValue = ValueCodec.BytesPerValue(tensor.Format);
        foreach (var part in parts)
            if (part.Bytes.Length != part.Count * bytesPerValue)
                return $"Tensor '{tensor.Name}': {part.Name} must be {part.Count * bytesPerValue} bytes; it is "
                    + $"{part.Bytes.Length}.";
        foreach (var part in parts)
            if (ValueCodec.MaxMagnitude(part.Bytes.Span, tensor.Format) is var largest && !float.IsFinite(largest))
                return $"Tensor '{tensor.Name}': {part.Name} holds a value that is not finite: {largest}.";
        return null;
    }

    /// <summary>
    /// Finite factors can still multiply to infinity; an honest update's are columns of length 1 beside values of its
    /// size and never do.
    /// </summary>
    private static string? ProductProblem(FactoredTensor tensor, params ReadOnlySpan<ReadOnlyMemory<byte>> factors)
    {
        double largest = tensor.Rank;
        foreach (var factor in factors)
            largest *= ValueCodec.MaxMagnitude(factor.Span, tensor.Format);
        return float.IsFinite((float)largest)
            ? null
            : $"Tensor '{tensor.Name}': its factors multiply to values of up to {largest:g3}, which float32 cannot hold.";
    }

    private static string UnknownForm(CompressedTensor tensor) =>
        $"Tensor '{tensor.Name}' has the unknown form {tensor.GetType().Name}.";

    /// <summary>
    /// Number of values of a shape; null when it is impossible: a negative size, or more bytes than a long can count.
    /// </summary>
    private static long? ElementCount(ReadOnlySpan<long> shape)
    {
        Int128 nonEmpty = 1; // with the zeros left out, as libtorch computes strides
        bool empty = false;
        foreach (long dimension in shape)
        {
            if (dimension < 0)
                return null;
            empty |= dimension == 0;
            nonEmpty *= Math.Max(dimension, 1);
            if (nonEmpty > long.MaxValue / sizeof(float))
                return null;
        }

        return empty ? 0 : (long)nonEmpty;
    }

    private readonly record struct Part(string Name, ReadOnlyMemory<byte> Bytes, long Count);
}
