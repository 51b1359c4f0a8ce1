namespace Dmkd.Grains.Nodes;

/// <summary>What a training leaves.</summary>
/// <param name="SampleCount">Images.</param>
/// <param name="MeanLoss">Mean training loss of the last epoch.</param>
/// <param name="DeviceTime">Device time.</param>
/// <param name="DownloadedBytes">Bytes of weights that had to be fetched.</param>
/// <param name="LocalWeights">The trained weights, as safetensors, when the round does not merge.</param>
/// <param name="Update">The update with what compression dropped before, as safetensors, when the round merges.</param>
internal sealed record TrainedUpdate(
    long SampleCount, double MeanLoss, TimeSpan DeviceTime, long DownloadedBytes, byte[]? LocalWeights, byte[]? Update);
