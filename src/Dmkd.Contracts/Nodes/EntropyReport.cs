namespace Dmkd.Contracts.Nodes;

/// <summary>A node's share of a module's statistics on its data.</summary>
/// <param name="EntropySum">Sum of the entropies, in nats.</param>
/// <param name="SampleCount">Number of inputs.</param>
/// <param name="DeviceSeconds">Device time, in seconds.</param>
/// <param name="DownloadedBytes">Bytes of weights fetched.</param>
/// <param name="EvidenceSum">Sum of the module's evidence for the inputs: the score of the run's gate <c>evidence</c>.</param>
[GenerateSerializer, Immutable, Alias("dmkd.EntropyReport")]
public sealed record EntropyReport(
    [property: Id(0)] double EntropySum, [property: Id(1)] long SampleCount, [property: Id(2)] double DeviceSeconds,
    [property: Id(3)] long DownloadedBytes, [property: Id(4)] double EvidenceSum = 0);
