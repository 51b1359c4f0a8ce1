namespace Dmkd.Contracts.Wire;

/// <summary>A matrix sent as singular triplets U·Σ·Vᵀ, of one or several updates (proposal 3.4.3); convolutions as [out, in·kh·kw].</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LowRankTensorPayload")]
public sealed record LowRankTensorPayload : TensorPayload
{
    /// <summary>Number of singular triplets, the proposal's r for one update.</summary>
    [Id(0)]
    public required int Rank { get; init; }

    /// <summary>U_r, shape [rows, rank].</summary>
    [Id(1)]
    public required byte[] Left { get; init; }

    /// <summary>Σ_r, shape [rank].</summary>
    [Id(2)]
    public required byte[] Singular { get; init; }

    /// <summary>V_rᵀ, shape [rank, columns].</summary>
    [Id(3)]
    public required byte[] Right { get; init; }
}
