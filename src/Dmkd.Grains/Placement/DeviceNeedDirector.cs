using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Dmkd.Grains.Placement;

/// <summary>
/// Leaves the silos that meet a node's need. Orleans' own filter by metadata compares with the calling silo, which has no need of its own.
/// </summary>
internal sealed class DeviceNeedDirector(ISiloMetadataCache silosMetadata) : IPlacementFilterDirector
{
    /// <exception cref="OrleansException">No silo meets it; the message says what they have.</exception>
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos)
    {
        string need = DeviceNeeds.Of(target.GrainIdentity.Key.ToString()!);
        SiloAddress[] all = [.. silos];
        string?[] devices = [.. all.Select(silo => SiloCapabilities.Of(silosMetadata.GetSiloMetadata(silo)).Device)];
        var meeting = DeviceNeeds.Meeting(devices, need);
        return meeting.Count > 0 ? meeting.Select(i => all[i]) : throw new OrleansException(DeviceNeeds.Problem(need, devices));
    }
}
