using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Devices;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Hosting.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// Where nodes are placed in a cluster of four silos, two of which say that they have a GPU. They are placed only:
/// nothing computes.
/// </summary>
public sealed class PlacementTests(PlacementTests.FourSilos four) : IClassFixture<PlacementTests.FourSilos>
{
    private const int Nodes = 12;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private DmkdCluster Cluster => four.Cluster;

    [Theory]
    [InlineData(DeviceKinds.Cuda, DeviceKinds.Cuda)]
    [InlineData(DeviceKinds.Cpu, DeviceKinds.Cpu)]
    [InlineData(DeviceKinds.Any, DeviceKinds.Cuda)]
    public async Task Nodes_WithANeed_AreOnSilosThatMeetIt(string need, string expected)
    {
        // The metadata of a silo reaches the others a moment after it joined.
        await DmkdCluster.UntilAsync(
            async () => (await PlacedAsync(need)).All(silo => Cluster.DeviceOf(silo) == expected),
            $"nodes with the need '{need}' on {expected}"
        );
        Assert.Equal(Nodes, (await PlacedAsync(need)).Length);
    }

    [Theory]
    [InlineData(DeviceKinds.Cpu, 2)]
    [InlineData(DeviceKinds.Any, 2)] // silos with a GPU come first
    public async Task Nodes_OfARun_AreSharedEqually(string need, int silos) =>
        await DmkdCluster.UntilAsync(
            async () =>
                (await PlacedAsync(need)).CountBy(silo => silo).Select(pair => pair.Value).ToArray() is var counts
                && counts.Length == silos
                && counts.All(count => count == Nodes / silos),
            $"{Nodes} nodes shared equally by {silos} silos"
        );

    [Fact]
    public async Task Start_DeviceThatNoSiloHas_IsRefusedWithWhatTheyHave()
    {
        using var folder = new TemporaryFolder();
        await using var cluster = await DmkdCluster.StartAsync(
            folder.Path,
            silos: 1,
            silo => silo.UseSiloMetadata(new SiloCapabilities(DeviceKinds.Cpu, 1, []).ToMetadata())
        );
        var error = await Assert.ThrowsAsync<ArgumentException>(() =>
            cluster
                .Grains.GetGrain<ITrainingRunGrain>("gpu")
                .StartAsync(TinySettings() with { Device = DeviceKinds.Cuda }, Cancel)
        );
        Assert.Contains(
            "Device 'cuda' is needed, and no silo has it; they compute on: cpu.",
            error.Message,
            StringComparison.Ordinal
        );
        Assert.Null(await cluster.Grains.GetGrain<ITrainingRunGrain>("gpu").GetSettingsAsync(Cancel));
    }

    /// <summary>Silos that new nodes were placed on.</summary>
    private async Task<SiloAddress[]> PlacedAsync(string need)
    {
        string run = Guid.NewGuid().ToString("N");
        string[] keys = RunRules.NodeKeys(run, Enumerable.Range(0, Nodes), need);
        foreach (string key in keys)
            await Cluster.Grains.GetGrain<INodeGrain>(key).GetLocalUpdateAsync("nothing", Cancel);
        return await Cluster.SilosOfAsync(keys.Select(key => Cluster.Grains.GetGrain<INodeGrain>(key)));
    }

    /// <summary>Every other one says that it has a GPU.</summary>
    public sealed class FourSilos : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();
        private DmkdCluster? _cluster;
        private int _silos;

        internal DmkdCluster Cluster => _cluster!;

        public async ValueTask InitializeAsync() =>
            _cluster = await DmkdCluster.StartAsync(
                _folder.Path,
                silos: 4,
                silo =>
                    silo.UseSiloMetadata(
                        new SiloCapabilities(
                            Interlocked.Increment(ref _silos) % 2 == 0 ? DeviceKinds.Cuda : DeviceKinds.Cpu,
                            1,
                            []
                        ).ToMetadata()
                    )
            );

        public async ValueTask DisposeAsync()
        {
            if (_cluster is not null)
                await _cluster.DisposeAsync();
            _folder.Dispose();
        }
    }
}
