namespace Dmkd.Grains.Legacy;

/// <summary>What a legacy network was taken apart into.</summary>
/// <param name="Experts">One expert per class group.</param>
/// <param name="Features">The legacy network cut to an expert's widths, when new experts start from it: architecture and weights as safetensors.</param>
/// <param name="DeviceTime">Device time.</param>
internal sealed record TakenApart(CutExpert[] Experts, (string Architecture, byte[] Weights)? Features, TimeSpan DeviceTime);
