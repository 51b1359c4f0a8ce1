namespace Dmkd.Contracts.Wire;

/// <summary>The left factor of a matrix alone: PowerSGD's first phase up (P_n) and its basis down (P).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LeftFactorTensorPayload")]
public sealed record LeftFactorTensorPayload : TensorPayload
{
    /// <summary>Number of columns, the proposal's r.</summary>
    [Id(0)]
    public required int Rank { get; init; }

    /// <summary>The factor, shape [rows, rank].</summary>
    [Id(1)]
    public required byte[] Left { get; init; }
}
