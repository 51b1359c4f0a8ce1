namespace Dmkd.Chaos.Poisoning;

/// <summary>What a node's training left.</summary>
/// <param name="Update">The update, as safetensors.</param>
/// <param name="SampleCount">Images it was trained on.</param>
internal sealed record TrainedNode(byte[] Update, long SampleCount);
