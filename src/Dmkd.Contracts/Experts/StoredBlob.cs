namespace Dmkd.Contracts.Experts;

/// <summary>Names bytes in the weight store.</summary>
/// <param name="Digest">Their digest.</param>
/// <param name="Bytes">Their number.</param>
[GenerateSerializer, Immutable, Alias("dmkd.StoredBlob")]
public sealed record StoredBlob([property: Id(0)] string Digest, [property: Id(1)] long Bytes);
