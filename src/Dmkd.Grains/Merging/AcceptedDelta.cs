namespace Dmkd.Grains.Merging;

/// <summary>A submission that is stored and counts.</summary>
/// <param name="Digest">Where the serialized submission lies in the weight store.</param>
/// <param name="PayloadBytes">Its size.</param>
/// <param name="DenseBytes">What it would have taken as dense fp32.</param>
/// <param name="SampleCount">Images the node says it was trained on.</param>
/// <param name="DeviceSeconds">Device time the node spent.</param>
/// <param name="DownloadedBytes">Bytes of weights the node fetched.</param>
/// <param name="Fingerprint">Digest of its tensors alone.</param>
internal sealed record AcceptedDelta(
    string Digest, long PayloadBytes, long DenseBytes, long SampleCount, double DeviceSeconds = 0, long DownloadedBytes = 0, string Fingerprint = "");
