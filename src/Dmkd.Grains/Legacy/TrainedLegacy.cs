namespace Dmkd.Grains.Legacy;

/// <summary>A trained monolithic network.</summary>
internal sealed record TrainedLegacy(string Architecture, byte[] Weights, double Accuracy, TimeSpan DeviceTime);
