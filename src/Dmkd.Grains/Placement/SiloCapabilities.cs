using System.Globalization;
using Dmkd.Core.Devices;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Dmkd.Grains.Placement;

/// <summary>What a silo tells the others about itself as silo metadata: on which device it computes, and with how much memory.</summary>
/// <param name="Device">One of <see cref="DeviceKinds"/>, never <see cref="DeviceKinds.Any"/>; null while it is not known.</param>
/// <param name="MemoryBytes">Memory of that device, of the machine where it is the CPU, in bytes; 0 while it is not known.</param>
internal sealed record SiloCapabilities(string? Device, long MemoryBytes)
{
    private const string DeviceKey = "dmkd.device";
    private const string MemoryKey = "dmkd.memory";

    /// <summary>Those of a silo, from its metadata.</summary>
    public static SiloCapabilities Of(SiloMetadata metadata) => new(
        metadata.Metadata.GetValueOrDefault(DeviceKey),
        long.TryParse(metadata.Metadata.GetValueOrDefault(MemoryKey), CultureInfo.InvariantCulture, out long bytes) ? bytes : 0);

    /// <summary>As metadata.</summary>
    public Dictionary<string, string> ToMetadata() => new() { [DeviceKey] = Device ?? "", [MemoryKey] = MemoryBytes.ToString(CultureInfo.InvariantCulture) };
}
