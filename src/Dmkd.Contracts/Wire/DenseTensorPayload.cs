namespace Dmkd.Contracts.Wire;

/// <summary>A tensor sent whole.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.DenseTensorPayload")]
public sealed record DenseTensorPayload : TensorPayload
{
    /// <summary>Row-major values.</summary>
    [Id(0)]
    public required byte[] Values { get; init; }
}
