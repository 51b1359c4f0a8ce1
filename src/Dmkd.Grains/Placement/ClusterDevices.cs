using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Dmkd.Grains.Placement;

/// <summary>The devices of the cluster's silos.</summary>
internal sealed class ClusterDevices(IGrainFactory grains, ISiloMetadataCache silosMetadata)
{
    /// <summary>Refuses a need that no silo meets now.</summary>
    /// <exception cref="ArgumentException">Says what the silos have.</exception>
    public async Task RequireAsync(string need)
    {
        var silos = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        string?[] devices = [.. silos.Keys.Select(silo => SiloCapabilities.Of(silosMetadata.GetSiloMetadata(silo)).Device)];
        if (DeviceNeeds.Meeting(devices, need).Count == 0) throw new ArgumentException(DeviceNeeds.Problem(need, devices), nameof(need));
    }

    /// <summary>The silo that a grain is on, and its device; null where it is on none, or not known.</summary>
    public async Task<(string? Silo, string? Device)> PlaceOfAsync(IAddressable grain)
    {
        if (await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grain) is not { } silo) return default;
        return (silo.Endpoint.ToString(), SiloCapabilities.Of(silosMetadata.GetSiloMetadata(silo)).Device);
    }
}
