using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Dmkd.Hosting.Placement;

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
