using Orleans.Placement;

namespace Dmkd.Grains.Placement;

/// <summary>Places grains only on silos with the device that their key asks for.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class DeviceNeedAttribute() : PlacementFilterAttribute(new DeviceNeedFilter(0));
