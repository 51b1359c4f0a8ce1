namespace Dmkd.Contracts.Nodes;

/// <summary>A node's share of a module's entropy statistics.</summary>
/// <param name="EntropySum">Sum of the entropies, in nats.</param>
/// <param name="SampleCount">Number of inputs.</param>
/// <param name="DeviceSeconds">Device time, in seconds.</param>
/// <param name="DownloadedBytes">Bytes of weights fetched.</param>
[GenerateSerializer, Immutable, Alias("dmkd.EntropyReport")]
public sealed record EntropyReport(
    [property: Id(0)] double EntropySum, [property: Id(1)] long SampleCount, [property: Id(2)] double DeviceSeconds,
    [property: Id(3)] long DownloadedBytes);
