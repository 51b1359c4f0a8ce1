using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Devices;
using Dmkd.Data.Images;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Nodes;

/// <summary>Persists what parties' nodes told of themselves, and finds out which of them are here.</summary>
internal sealed class NodeDirectoryGrain : Grain, INodeDirectoryGrain
{
    private readonly StateWriter<NodeDirectoryState> _writer;

    public NodeDirectoryGrain(
        [PersistentState(StorageNames.NodeDirectory, StorageNames.Provider)]
            IPersistentState<NodeDirectoryState> storage
    ) => _writer = new(new PersistentSlot<NodeDirectoryState>(storage), DeactivateOnIdle);

    public async Task<string?> OfferAsync(NodeOffer offer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(offer);
        var offers = _writer.State.Offers;
        var known = offers.GetValueOrDefault(offer.Name);
        if (known is not null && known.Silo != offer.Silo && (await ActiveAsync()).Contains(known.Silo))
            return SiloAddress.FromParsableString(known.Silo).Endpoint.ToString();
        offers[offer.Name] = offer;
        await _writer.WriteAsync();
        return null;
    }

    public async Task<IReadOnlyList<OfferedNode>> ListAsync(CancellationToken cancellationToken = default)
    {
        var active = await ActiveAsync();
        return
        [
            .. _writer
                .State.Offers.Values.OrderBy(offer => offer.Name, StringComparer.Ordinal)
                .Select(offer => new OfferedNode(offer, active.Contains(offer.Silo))),
        ];
    }

    private async Task<HashSet<string>> ActiveAsync()
    {
        var hosts = await GrainFactory.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        return [.. hosts.Keys.Select(silo => silo.ToParsableString())];
    }
}

/// <summary>The last offer of every node, by its name.</summary>
internal sealed class NodeDirectoryState
{
    public Dictionary<string, NodeOffer> Offers { get; set; } = [];
}

/// <summary>A node cannot be offered: its data cannot be used, or its name is taken by another silo.</summary>
public sealed class NodeOfferException(string message) : Exception(message);

/// <summary>Offers a silo's nodes to the cluster once it has joined: reads each folder first, and tells what it holds.</summary>
internal sealed partial class NodeOffering(
    OfferedNodes offered,
    DatasetCache datasets,
    IGrainFactory grains,
    ILocalSiloDetails silo,
    TimeProvider time,
    ILogger<NodeOffering> logger
)
{
    private static readonly RetryLimits Limits = new(TimeSpan.FromSeconds(1)) { MaxRetries = 60 };

    /// <summary>Size at which a folder is read to see what is in it; a library's own counts when it learns.</summary>
    private const int GlanceSize = 32;
    private const string ModalityName = "images"; // so far, nodes hold no others

    /// <summary>Offers them all.</summary>
    /// <exception cref="NodeOfferException">A folder cannot be used: names what is wrong, file by file. Or another silo
    /// offers a node of the same name: names both.</exception>
    public async Task OfferAsync(CancellationToken cancellationToken)
    {
        foreach (var node in offered.Nodes)
        {
            var contents = await ContentsAsync(node);
            var offer = new NodeOffer
            {
                Name = node.Name,
                Silo = silo.SiloAddress.ToParsableString(),
                Modality = ModalityName,
                Device = TorchSharp.torch.cuda.is_available() ? DeviceKinds.Cuda : DeviceKinds.Cpu,
                Classes = contents.ClassNames,
                TrainCounts = contents.TrainCounts,
                TestCounts = contents.TestCounts,
            };
            var directory = grains.GetGrain<INodeDirectoryGrain>(INodeDirectoryGrain.Key);
            // the silo that the directory was on may have died just now
            var calls = Resilience.TransientCall(time, Limits);
            if (
                await calls.AskAsync(() => directory.OfferAsync(offer, cancellationToken), cancellationToken) is
                { } other
            )
                throw new NodeOfferException(
                    $"The silo at {other} offers a node '{node.Name}' already; the one at "
                        + $"{silo.SiloAddress.Endpoint} cannot: give it another name."
                );
            LogOffered(
                logger,
                node.Name,
                contents.ClassNames.Length,
                contents.TrainCounts.Sum(),
                contents.TestCounts.Sum()
            );
        }
    }

    private async Task<DataContents> ContentsAsync(PartyNode node)
    {
        try
        {
            return DatasetCache.Held(await datasets.GetAsync(node.At(GlanceSize)));
        }
        catch (DatasetException e)
        {
            throw new NodeOfferException($"Node '{node.Name}': {e.Message}");
        }
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Node {Node}: offered with {Classes} classes, {Training} training examples and {Test} for testing"
    )]
    private static partial void LogOffered(ILogger logger, string node, int classes, int training, int test);
}
