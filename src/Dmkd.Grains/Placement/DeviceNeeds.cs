using Dmkd.Core.Devices;

namespace Dmkd.Grains.Placement;

/// <summary>
/// The device that a node needs, as part of its key: whoever calls the node first, and from wherever, its need is known. Pure.
/// </summary>
internal static class DeviceNeeds
{
    private const char Mark = '@';

    /// <summary>A key with a need; any device leaves it as it is.</summary>
    public static string With(string key, string need) => need == DeviceKinds.Any ? key : $"{key}{Mark}{need}";

    /// <summary>The need in a key.</summary>
    public static string Of(string key) => key.LastIndexOf(Mark) is >= 0 and var at && DeviceKinds.Known.Names.Contains(key[(at + 1)..]) ? key[(at + 1)..] : DeviceKinds.Any;

    /// <summary>
    /// Which of some silos meet a need. For any device: those with a GPU when there are such, else all. A silo whose device is not known yet
    /// meets no other need.
    /// </summary>
    /// <param name="devices">Their devices; null where not known.</param>
    /// <param name="need">One of <see cref="DeviceKinds"/>.</param>
    /// <returns>Their places in the list.</returns>
    public static IReadOnlyList<int> Meeting(IReadOnlyList<string?> devices, string need)
    {
        int[] all = [.. Enumerable.Range(0, devices.Count)];
        if (need != DeviceKinds.Any) return [.. all.Where(i => devices[i] == need)];
        int[] withGpu = [.. all.Where(i => devices[i] == DeviceKinds.Cuda)];
        return withGpu.Length > 0 ? withGpu : all;
    }

    /// <summary>What is said when no silo meets a need.</summary>
    public static string Problem(string need, IEnumerable<string?> devices) =>
        $"Device '{need}' is needed, and no silo has it; they compute on: {string.Join(", ", devices.Select(device => device ?? "not known yet").Distinct().Order(StringComparer.Ordinal))}.";
}
