namespace Dmkd.Core.Merging.Compression;

/// <summary>Puts the payloads of several nodes side by side.</summary>
internal static class PayloadTable
{
    /// <summary>The tensors of each name, one per payload in the order given; names in the first payload's order.</summary>
    /// <param name="payloads">At least one payload, all of the same names and shapes.</param>
    /// <exception cref="ArgumentException">Names or shapes differ; the message names the first.</exception>
    public static IEnumerable<IReadOnlyList<CompressedTensor>> Rows(IReadOnlyList<CompressedDelta> payloads)
    {
        var byName = payloads.Select(payload => payload.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal)).ToArray();
        if (byName.FirstOrDefault(tensors => tensors.Count != byName[0].Count) is { } other)
            throw new ArgumentException($"Payloads must hold the same tensors; one holds {byName[0].Count}, another {other.Count}.", nameof(payloads));
        return payloads[0].Tensors.Select(first => byName.Select(tensors => Same(first, tensors)).ToArray());
    }

    private static CompressedTensor Same(CompressedTensor first, Dictionary<string, CompressedTensor> tensors) =>
        tensors.TryGetValue(first.Name, out var tensor) && tensor.Shape.AsSpan().SequenceEqual(first.Shape)
            ? tensor
            : throw new ArgumentException($"Tensor '{first.Name}' of shape {WeightSchema.Text(first.Shape)} is not in every payload.", nameof(tensors));
}
