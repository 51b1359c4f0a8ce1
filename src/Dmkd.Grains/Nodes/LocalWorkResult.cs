using Dmkd.Core.Merging.Compression;

namespace Dmkd.Grains.Nodes;

/// <summary>What a local update leaves: the update to submit, or the local weights to go on from.</summary>
internal sealed record LocalWorkResult(
    long SampleCount, double MeanLoss, TimeSpan DeviceTime, byte[]? LocalWeights, CompressedDelta? Delta);
