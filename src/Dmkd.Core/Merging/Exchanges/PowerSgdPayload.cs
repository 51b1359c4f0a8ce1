namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// PowerSGD's payloads leave the basis out, since everyone who took part has it; this takes it off and puts it on again. Value
/// arrays are shared, not copied.
/// </summary>
public static class PowerSgdPayload
{
    /// <summary>What travels in phase two: <c>Q_n</c> for every product, the other tensors as they are.</summary>
    /// <param name="update">An update of <see cref="PowerSgdExchange.Pack"/>, or a mean of such.</param>
    public static CompressedDelta WithoutBasis(CompressedDelta update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return new CompressedDelta([.. update.Tensors.Select(tensor => tensor is ProductTensor product
            ? new RightFactorTensor(product.Name, product.Shape, product.Rank, product.Right) { Format = product.Format }
            : tensor)]);
    }

    /// <summary>The update <c>P Q_nᵀ</c> that a payload of phase two stands for.</summary>
    /// <param name="payload">The payload; <see cref="PowerSgdExchange.Check"/> says beforehand whether it fits.</param>
    /// <param name="basis">The basis of its round.</param>
    /// <exception cref="ArgumentException">They do not fit; the message names the tensor.</exception>
    public static CompressedDelta WithBasis(CompressedDelta payload, CompressedDelta basis)
    {
        ArgumentNullException.ThrowIfNull(payload);
        var byName = ByName(basis);
        return new CompressedDelta([.. payload.Tensors.Select(tensor => WithBasis(tensor, byName.GetValueOrDefault(tensor.Name)))]);
    }

    /// <summary>The update that a payload stands for, whether it is relative to a basis or not.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="basis">The basis of its round; null when it needs none.</param>
    /// <exception cref="ArgumentException">They do not fit; the message names the tensor.</exception>
    public static CompressedDelta Joined(CompressedDelta payload, CompressedDelta? basis) => basis is null ? payload : WithBasis(payload, basis);

    /// <summary>The factors of a basis.</summary>
    /// <exception cref="ArgumentException">A tensor is no left factor, or a name comes twice.</exception>
    internal static Dictionary<string, LeftFactorTensor> ByName(CompressedDelta basis)
    {
        ArgumentNullException.ThrowIfNull(basis);
        return basis.Tensors.ToDictionary(
            tensor => tensor.Name,
            tensor => tensor as LeftFactorTensor ?? throw new ArgumentException($"Tensor '{tensor.Name}' of the basis is no left factor.", nameof(basis)),
            StringComparer.Ordinal);
    }

    /// <summary>Why a tensor of phase two does not fit its factor of the basis, which is null for a weight that goes whole; null when it fits.</summary>
    internal static string? FindProblem(CompressedTensor tensor, LeftFactorTensor? basis) => (tensor, basis) switch
    {
        (DenseTensor, null) => null,
        (_, null) => $"Tensor '{tensor.Name}' has no basis and must come whole; it is a {tensor.GetType().Name}.",
        (RightFactorTensor right, _) when right.Rank != basis.Rank => $"Tensor '{tensor.Name}' has rank {right.Rank}; its basis has {basis.Rank}.",
        (RightFactorTensor right, _) when right.Format != basis.Format => $"Tensor '{tensor.Name}' is in {right.Format}; its basis is in {basis.Format}.",
        (RightFactorTensor right, _) when !right.Shape.AsSpan().SequenceEqual(basis.Shape) => $"Tensor '{tensor.Name}' has another shape than its basis.",
        (RightFactorTensor, _) => null,
        _ => $"Tensor '{tensor.Name}' must come as the right factor of its basis; it is a {tensor.GetType().Name}.",
    };

    private static CompressedTensor WithBasis(CompressedTensor tensor, LeftFactorTensor? basis)
    {
        if (FindProblem(tensor, basis) is { } problem) throw new ArgumentException(problem, nameof(tensor));
        return tensor is RightFactorTensor right
            ? new ProductTensor(right.Name, right.Shape, right.Rank, basis!.Left, right.Right) { Format = right.Format }
            : tensor;
    }
}
