namespace Dmkd.Contracts.Wire;

/// <summary>One tensor of an update on the wire: raw little-endian values, never copied inside a silo.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.TensorPayload")]
public abstract record TensorPayload
{
    /// <summary>Name of the weight.</summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>Shape of the weight.</summary>
    [Id(1)]
    public required long[] Shape { get; init; }

    /// <summary>How all its values are stored. Default: fp32.</summary>
    [Id(2)]
    public PayloadFormat Format { get; init; }
}
