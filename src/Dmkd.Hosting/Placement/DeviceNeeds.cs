using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dmkd.Core.Devices;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Dmkd.Hosting.Placement;

/// <summary>Places grains only on silos with the device that their key asks for.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class DeviceNeedAttribute() : PlacementFilterAttribute(new DeviceNeedFilter(0));

/// <summary>Names <see cref="DeviceNeedDirector"/> to Orleans.</summary>
/// <param name="order">Its place among a grain's filters.</param>
internal sealed class DeviceNeedFilter(int order) : PlacementFilterStrategy(order)
{
    public DeviceNeedFilter()
        : this(0) { }
}

/// <summary>
/// Leaves the silos that meet a node's need. Orleans' own filter by metadata compares with the calling silo, which has
/// no need of its own.
/// </summary>
internal sealed class DeviceNeedDirector(ISiloMetadataCache silosMetadata) : IPlacementFilterDirector
{
    /// <exception cref="OrleansException">No silo meets it; the message says what they have.</exception>
    public IEnumerable<SiloAddress> Filter(
        PlacementFilterStrategy filterStrategy,
        PlacementTarget target,
        IEnumerable<SiloAddress> silos
    )
    {
        string key = target.GrainIdentity.Key.ToString()!;
        SiloAddress[] all = [.. silos];
        if (NodeNames.IsName(key))
            return Offering(key, all);
        string need = DeviceNeeds.Of(key);
        string?[] devices = [.. all.Select(silo => SiloCapabilities.Of(silosMetadata.GetSiloMetadata(silo)).Device)];
        var meeting = DeviceNeeds.Meeting(devices, need);
        return meeting.Count > 0
            ? meeting.Select(i => all[i])
            : throw new OrleansException(DeviceNeeds.Problem(need, devices));
    }

    /// <summary>A party's node is where its data are, and nowhere else.</summary>
    private SiloAddress[] Offering(string node, SiloAddress[] silos)
    {
        SiloAddress[] offering =
        [
            .. silos.Where(silo => SiloCapabilities.Of(silosMetadata.GetSiloMetadata(silo)).Nodes.Contains(node)),
        ];
        return offering.Length > 0
            ? offering
            : throw new OrleansException($"Node '{node}' is away: no silo of the cluster offers it.");
    }
}

/// <summary>Names of parties' nodes, which are their keys. Nodes of experiments are called by their run. Pure.</summary>
internal static class NodeNames
{
    private const char RunMark = '/';

    /// <summary>Whether a node's key is the name of a party's node.</summary>
    public static bool IsName(string key) => !key.Contains(RunMark, StringComparison.Ordinal);
}

/// <summary>
/// The device that a node needs, as part of its key: whoever calls the node first, and from wherever, its need is
/// known. Pure.
/// </summary>
internal static class DeviceNeeds
{
    private const char Mark = '@';

    /// <summary>A key with a need; any device leaves it as it is.</summary>
    public static string With(string key, string need) => need == DeviceKinds.Any ? key : $"{key}{Mark}{need}";

    /// <summary>The need in a key.</summary>
    public static string Of(string key) =>
        key.LastIndexOf(Mark) is >= 0 and var at && DeviceKinds.Known.Names.Contains(key[(at + 1)..])
            ? key[(at + 1)..]
            : DeviceKinds.Any;

    /// <summary>
    /// Which of some silos meet a need. For any device: those with a GPU when there are such, else all. A silo whose
    /// device is not known yet meets no other need.
    /// </summary>
    /// <param name="devices">Their devices; null where not known.</param>
    /// <param name="need">One of <see cref="DeviceKinds"/>.</param>
    /// <returns>Their places in the list.</returns>
    public static IReadOnlyList<int> Meeting(IReadOnlyList<string?> devices, string need)
    {
        int[] all = [.. Enumerable.Range(0, devices.Count)];
        if (need != DeviceKinds.Any)
            return [.. all.Where(i => devices[i] == need)];
        int[] withGpu = [.. all.Where(i => devices[i] == DeviceKinds.Cuda)];
        return withGpu.Length > 0 ? withGpu : all;
    }

    /// <summary>What is said when no silo meets a need.</summary>
    public static string Problem(string need, IEnumerable<string?> devices) =>
        $"Device '{need}' is needed, and no silo has it; they compute on: "
        + $"{string.Join(", ", devices.Select(device => device ?? "not known yet").Distinct().Order(StringComparer.Ordinal))}.";
}

/// <summary>
/// What a silo tells the others about itself as silo metadata: on which device it computes, and with how much memory.
/// </summary>
/// <param name="Device">One of <see cref="DeviceKinds"/>, never <see cref="DeviceKinds.Any"/>; null while it is not
/// known.</param>
/// <param name="MemoryBytes">Memory of that device, of the machine where it is the CPU, in bytes; 0 while it is not
/// known.</param>
/// <param name="Nodes">Names of the parties' nodes whose data it can read.</param>
internal sealed record SiloCapabilities(string? Device, long MemoryBytes, IReadOnlyList<string> Nodes)
{
    private const string DeviceKey = "dmkd.device";
    private const string MemoryKey = "dmkd.memory";
    private const string NodesKey = "dmkd.nodes";
    private const char Separator = ',';

    /// <summary>Those of a silo, from its metadata.</summary>
    public static SiloCapabilities Of(SiloMetadata metadata) =>
        new(
            metadata.Metadata.GetValueOrDefault(DeviceKey),
            long.TryParse(metadata.Metadata.GetValueOrDefault(MemoryKey), CultureInfo.InvariantCulture, out long bytes)
                ? bytes
                : 0,
            metadata.Metadata.GetValueOrDefault(NodesKey, "").Split(Separator, StringSplitOptions.RemoveEmptyEntries)
        );

    /// <summary>As metadata.</summary>
    public Dictionary<string, string> ToMetadata() =>
        new()
        {
            [DeviceKey] = Device ?? "",
            [MemoryKey] = MemoryBytes.ToString(CultureInfo.InvariantCulture),
            [NodesKey] = string.Join(Separator, Nodes),
        };
}

/// <summary>The devices of the cluster's silos.</summary>
internal sealed class ClusterDevices(IGrainFactory grains, ISiloMetadataCache silosMetadata)
{
    /// <summary>Refuses a need that no silo meets now.</summary>
    /// <exception cref="ArgumentException">Says what the silos have.</exception>
    public async Task RequireAsync(string need)
    {
        var silos = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        string?[] devices =
        [
            .. silos.Keys.Select(silo => SiloCapabilities.Of(silosMetadata.GetSiloMetadata(silo)).Device),
        ];
        if (DeviceNeeds.Meeting(devices, need).Count == 0)
            throw new ArgumentException(DeviceNeeds.Problem(need, devices), nameof(need));
    }

    /// <summary>The silo that a grain is on, and its device; null where it is on none, or not known.</summary>
    public async Task<(string? Silo, string? Device)> PlaceOfAsync(IAddressable grain)
    {
        if (await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grain) is not { } silo)
            return default;
        return (silo.Endpoint.ToString(), SiloCapabilities.Of(silosMetadata.GetSiloMetadata(silo)).Device);
    }
}

/// <summary>Places a run's nodes on the silos round robin, so that a cluster's machines share the training.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RoundRobinAttribute() : PlacementAttribute(new RoundRobinPlacement());

/// <summary>Names <see cref="RoundRobinDirector"/> to Orleans.</summary>
internal sealed class RoundRobinPlacement : PlacementStrategy;

/// <summary>
/// The silos that meet a node's need, in the order of their addresses, take a run's nodes one after the other. Orleans'
/// own strategies go by counts and loads that are seconds old, and put the nodes of a run that starts on one silo.
/// </summary>
internal sealed class RoundRobinDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(
        PlacementStrategy strategy,
        PlacementTarget target,
        IPlacementContext context
    )
    {
        var byAddress = context
            .GetCompatibleSilos(target)
            .OrderBy(silo => silo.Endpoint.ToString(), StringComparer.Ordinal);
        SiloAddress[] silos = [.. byAddress.ThenBy(silo => silo.Generation)];
        return Task.FromResult(silos[RoundRobin.SiloOf(target.GrainIdentity.Key.ToString()!, silos.Length)]);
    }
}

/// <summary>Which silo takes a node. Pure, and the same on every silo, whichever is asked.</summary>
internal static class RoundRobin
{
    private const string Before = "/node-";

    /// <summary>
    /// Nodes of a run follow one another; each run begins at a silo of its own, so that runs of few nodes do not all
    /// meet on the first.
    /// </summary>
    /// <param name="key">Key of the node, <c>run/node-3</c> or <c>run/node-3@cuda</c>.</param>
    /// <param name="silos">Number of silos; positive.</param>
    /// <returns>Place of the silo, in [0, silos).</returns>
    public static int SiloOf(string key, int silos)
    {
        int at = key.LastIndexOf(Before, StringComparison.Ordinal);
        string run = at < 0 ? key : key[..at];
        string number = at < 0 ? "" : new string([.. key[(at + Before.Length)..].TakeWhile(char.IsAsciiDigit)]);
        uint first = BinaryPrimitives.ReadUInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(run)));
        uint node = uint.TryParse(number, CultureInfo.InvariantCulture, out uint parsed) ? parsed : 0;
        return (int)(((ulong)first + node) % (ulong)silos);
    }
}
