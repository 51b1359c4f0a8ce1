namespace Dmkd.Contracts.Wire;

/// <summary>The right factor of a matrix alone: PowerSGD's second phase up (Q_nᵀ), and the mean down to those who have the basis.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.RightFactorTensorPayload")]
public sealed record RightFactorTensorPayload : TensorPayload
{
    /// <summary>Number of rows, the proposal's r.</summary>
    [Id(0)]
    public required int Rank { get; init; }

    /// <summary>The factor, shape [rank, columns].</summary>
    [Id(1)]
    public required byte[] Right { get; init; }
}
