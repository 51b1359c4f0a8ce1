namespace Dmkd.Contracts.Preservation;

/// <summary>Asks for a legacy model to be made into a library of experts (proposal 3.2).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.PreservationRequest")]
public sealed record PreservationRequest
{
    /// <summary>How.</summary>
    [Id(0)]
    public required PreservationSettings Settings { get; init; }

    /// <summary>Digest in the weight store of the imported legacy model: safetensors, or a TorchScript program.</summary>
    [Id(1)]
    public required string LegacyDigest { get; init; }

    /// <summary>Whether the legacy model is a TorchScript program: a teacher that cannot be cut, so that a surrogate is distilled first.</summary>
    [Id(2)]
    public bool IsTorchScript { get; init; }

    /// <summary>Name of the file it came from, for people.</summary>
    [Id(3)]
    public required string SourceName { get; init; }
}
