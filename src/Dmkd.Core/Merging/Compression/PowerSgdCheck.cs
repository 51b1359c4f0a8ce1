using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Compression;

/// <summary>Decides whether PowerSGD payloads that came over the wire can be used; allocates nothing in their size.</summary>
public static class PowerSgdCheck
{
    /// <summary>Looks for the first problem of a payload of phase one, or of the basis that answers it.</summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="factors">The payload: a left factor for each weight that <see cref="CompressionRule.UsesSubspace"/> at that rank, nothing else.</param>
    /// <param name="rank">Size of the round's subspace, at least 1.</param>
    /// <param name="format">Format of the round's payloads.</param>
    /// <returns>One line that names tensor, check and value; null when there is none. Sums of such payloads are finite in float64.</returns>
    public static string? FindFactorProblem(WeightSet baseWeights, CompressedDelta factors, int rank, ValueFormat format) => DeltaCheck.FindProblem(
        baseWeights, factors,
        shape => CompressionRule.UsesSubspace(shape, rank),
        tensor => TensorCheck.FindProblem(tensor) ?? FactorProblem(tensor, rank, format));

    /// <summary>Looks for the first problem of a payload of phase two.</summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="basis">The basis of its round.</param>
    /// <returns>One line that names tensor, check and value; null when the payload and the basis make an update that can be merged.</returns>
    public static string? FindUpdateProblem(WeightSet baseWeights, CompressedDelta payload, CompressedDelta basis)
    {
        var byName = PowerSgdPayload.ByName(basis);
        return DeltaCheck.FindProblem(
                baseWeights, payload,
                _ => true,
                tensor => TensorCheck.FindProblem(tensor) ?? PowerSgdPayload.FindProblem(tensor, byName.GetValueOrDefault(tensor.Name)))
            ?? DeltaCheck.FindProblem(baseWeights, PowerSgdPayload.WithBasis(payload, basis));
    }

    private static string? FactorProblem(CompressedTensor tensor, int rank, ValueFormat format)
    {
        if (tensor is not LeftFactorTensor factor) return $"Tensor '{tensor.Name}' must come as a left factor; it is a {tensor.GetType().Name}.";
        if (factor.Rank != rank) return $"Tensor '{tensor.Name}' has rank {factor.Rank}; the round's is {rank}.";
        return factor.Format == format ? null : $"Tensor '{tensor.Name}' is in {factor.Format}; the round's format is {format}.";
    }
}
