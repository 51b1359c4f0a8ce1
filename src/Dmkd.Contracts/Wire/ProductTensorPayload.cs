namespace Dmkd.Contracts.Wire;

/// <summary>A matrix sent as the product P·Qᵀ of a PowerSGD update (proposal 3.4.3); convolutions as [out, in·kh·kw].</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ProductTensorPayload")]
public sealed record ProductTensorPayload : TensorPayload
{
    /// <summary>Inner size of the product, the proposal's r.</summary>
    [Id(0)]
    public required int Rank { get; init; }

    /// <summary>P, shape [rows, rank].</summary>
    [Id(1)]
    public required byte[] Left { get; init; }

    /// <summary>Qᵀ, shape [rank, columns].</summary>
    [Id(2)]
    public required byte[] Right { get; init; }
}
