namespace Dmkd.Contracts.Wire;

/// <summary>One tensor of an update on the wire: raw little-endian fp32 values, never copied inside a silo.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.TensorPayload")]
public abstract record TensorPayload
{
    /// <summary>Name of the weight.</summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>Shape of the weight.</summary>
    [Id(1)]
    public required long[] Shape { get; init; }
}
