namespace Dmkd.Contracts.Nodes;

/// <summary>Batch-norm statistics of merged weights on a node's data.</summary>
/// <param name="SampleCount">Images.</param>
/// <param name="Statistics">Running means and variances, as safetensors.</param>
/// <param name="DeviceSeconds">Device time, in seconds.</param>
[GenerateSerializer, Immutable, Alias("dmkd.StatisticsReport")]
public sealed record StatisticsReport(
    [property: Id(0)] long SampleCount, [property: Id(3)] byte[] Statistics, [property: Id(2)] double DeviceSeconds);
