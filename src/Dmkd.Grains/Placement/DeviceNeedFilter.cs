using Orleans.Placement;

namespace Dmkd.Grains.Placement;

/// <summary>Names <see cref="DeviceNeedDirector"/> to Orleans.</summary>
/// <param name="order">Its place among a grain's filters.</param>
internal sealed class DeviceNeedFilter(int order) : PlacementFilterStrategy(order)
{
    public DeviceNeedFilter()
        : this(0)
    {
    }
}
