using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Compression;

/// <summary>
/// Decides whether an update that came over the wire can be used (proposal 3.4): schema, shapes, format, sizes, rank, finite
/// values. Reads the bytes where they are and allocates nothing in their size, so that it is safe before any decompression.
/// </summary>
public static class DeltaCheck
{
    /// <summary>Looks for the first problem.</summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="delta">The update.</param>
    /// <returns>One line that names tensor, check and value; null when the update can be decompressed and merged.</returns>
    public static string? FindProblem(WeightSet baseWeights, CompressedDelta delta) =>
        FindProblem(baseWeights, delta, _ => true, TensorCheck.FindUpdateProblem);

    /// <summary>Looks for the first problem of a payload that holds some of a module's weights.</summary>
    /// <param name="baseWeights">Weights of the module. Borrowed.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="isExpected">Whether a weight of a shape must be in the payload; the others must not.</param>
    /// <param name="findTensorProblem">Looks for the first problem of one tensor, whose name and shape are already right.</param>
    internal static string? FindProblem(
        WeightSet baseWeights, CompressedDelta payload, Func<long[], bool> isExpected, Func<CompressedTensor, string?> findTensorProblem)
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        ArgumentNullException.ThrowIfNull(payload);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var tensor in payload.Tensors)
        {
            if (tensor is not { Name: not null, Shape: not null }) return "A tensor has no name or no shape.";
            if (!baseWeights.TryGetValue(tensor.Name, out var weight)) return $"Tensor '{tensor.Name}' is not among the base weights.";
            if (!seen.Add(tensor.Name)) return $"Tensor '{tensor.Name}' comes twice.";
            if (!weight.shape.AsSpan().SequenceEqual(tensor.Shape))
                return $"Tensor '{tensor.Name}' has shape {WeightSchema.Text(tensor.Shape)}; the base weights have {WeightSchema.Text(weight.shape)}.";
            if (!isExpected(tensor.Shape)) return $"Tensor '{tensor.Name}' of shape {WeightSchema.Text(tensor.Shape)} does not belong to this payload.";
            if (findTensorProblem(tensor) is { } problem) return problem;
        }

        string? missing = baseWeights.Where(pair => isExpected(pair.Value.shape)).Select(pair => pair.Key).FirstOrDefault(name => !seen.Contains(name));
        return missing is null ? null : $"Tensor '{missing}' is missing.";
    }
}
