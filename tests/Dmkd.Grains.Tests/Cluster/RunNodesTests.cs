using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Devices;
using Dmkd.Grains.Nodes;
using Dmkd.Hosting.Placement;
using Microsoft.Extensions.DependencyInjection;
using TorchSharp;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>What a run tells of its nodes, and how it goes on without one.</summary>
public sealed class RunNodesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nodes_AfterARun_SayWhereAndWhenTheyWereLast()
    {
        await using var cluster = await DmkdCluster.StartAsync(_folder.Path);
        await cluster.RunAsync(RunId, OneTask());
        var nodes = await cluster.Grains.GetGrain<ITrainingRunGrain>(RunId).ListNodesAsync(Cancel);
        Assert.Equal(["run/node-1", "run/node-2"], nodes.Select(node => node.NodeId));
        Assert.All(
            nodes,
            node =>
                Assert.Equal(
                    (RunNodeState.Idle, 0, 1, 0, DeviceKinds.Cpu),
                    (node.State, node.LastTask!.Value, node.LastRound!.Value, node.Missed, node.Device)
                )
        );
        Assert.All(nodes, node => Assert.NotNull(node.Silo));
    }

    [Fact]
    public async Task Leave_WhileTheNodeTrains_ItsUpdateCountsAndItIsNotAskedAgain()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var cluster = await DmkdCluster.StartAsync(
            _folder.Path,
            configure: silo =>
                Replace(
                    silo,
                    work => new HeldWork(work, request => request.NodeIndex == 1 ? gate.Task : Task.CompletedTask)
                )
        );
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>(RunId);
        await run.StartAsync(OneTask(), Cancel);
        await DmkdCluster.UntilAsync(
            async () => (await run.ListNodesAsync())[1].State is RunNodeState.Working,
            "node 2 at work"
        );
        await run.LeaveAsync(1, Cancel);
        Assert.Equal(RunNodeState.Leaving, (await run.ListNodesAsync(Cancel))[1].State);
        gate.SetResult();
        await cluster.ReportAsync(RunId);
        Assert.Equal(RunNodeState.Left, (await run.ListNodesAsync(Cancel))[1].State);
        Assert.Equal(
            [
                ["run/node-1", "run/node-2"],
                ["run/node-1"],
            ],
            await ContributorsAsync(cluster)
        );
    }

    [Fact]
    public async Task Run_DeviceWithoutMemoryForOneNode_TellsWhyAndGoesOnWithoutIt()
    {
        await using var cluster = await DmkdCluster.StartAsync(
            _folder.Path,
            configure: silo => Replace(silo, work => new GreedyWork(work))
        );
        await cluster.RunAsync(RunId, OneTask());
        var look = await cluster.Grains.GetGrain<ITrainingRunGrain>(RunId).GetProgressAsync(0, Cancel);
        Assert.Contains(
            look.Events.OfType<NodeMissed>(),
            missed =>
                (missed.Node, missed.Round) == ("run/node-2", 0)
                && missed.Reason.Contains(
                    "the device cpu has no memory for the work: it could not give",
                    StringComparison.Ordinal
                )
        );
        Assert.Equal(
            [
                ["run/node-1"],
                ["run/node-1"],
            ],
            await ContributorsAsync(cluster)
        );
    }

    [Theory]
    [InlineData(RunNodeState.Idle, true, RunNodeState.Left)]
    [InlineData(RunNodeState.Working, true, RunNodeState.Leaving)]
    [InlineData(RunNodeState.Silent, true, RunNodeState.Leaving)]
    [InlineData(RunNodeState.Done, true, RunNodeState.Left)]
    [InlineData(RunNodeState.Failed, true, RunNodeState.Left)]
    [InlineData(RunNodeState.Working, false, RunNodeState.Working)]
    public void StateOf_AbsentOrNot_SaysWhetherItStillWorks(int state, bool isAbsent, int expected) =>
        Assert.Equal((RunNodeState)expected, Dmkd.Grains.Runs.Rounds.RunNodes.StateOf((RunNodeState)state, isAbsent));

    public void Dispose() => _folder.Dispose();

    private static RunSettings OneTask() =>
        TinySettings() with
        {
            Tasks = 1,
            Legacy = TinySettings().Legacy with { Tasks = 0 },
        };

    private static async Task<string[][]> ContributorsAsync(DmkdCluster cluster)
    {
        var module = Assert.Single(await cluster.Grains.GetGrain<IModuleCatalogGrain>(RunId).ListAsync(Cancel));
        return
        [
            .. (await RunOutcome.HistoryAsync(cluster.Grains, module.Descriptor))
                .Skip(1)
                .Select(version => version.Contributions.Select(entry => entry.NodeId).ToArray()),
        ];
    }

    private static void Replace(ISiloBuilder silo, Func<IServiceProvider, INodeWork> work)
    {
        silo.Services.AddSingleton<NodeWork>();
        silo.Services.AddSingleton(work);
    }

    /// <summary>Trains when a test lets it.</summary>
    private sealed class HeldWork(IServiceProvider services, Func<LocalUpdateRequest, Task> before) : INodeWork
    {
        private readonly NodeWork _real = services.GetRequiredService<NodeWork>();

        public async Task<TrainedUpdate> TrainAsync(
            LocalUpdateRequest request,
            HeldModule? held,
            string startingDigest,
            string? residual,
            Action<double> progress,
            CancellationToken cancellationToken
        )
        {
            await before(request);
            return await _real.TrainAsync(request, held, startingDigest, residual, progress, cancellationToken);
        }

        public Task<byte[]> ProposeAsync(
            LocalUpdateRequest request,
            byte[] update,
            CancellationToken cancellationToken
        ) => _real.ProposeAsync(request, update, cancellationToken);

        public Task<PackedUpdate> PackAsync(
            LocalUpdateRequest request,
            byte[] update,
            StoredBlob? basis,
            CancellationToken cancellationToken
        ) => _real.PackAsync(request, update, basis, cancellationToken);
    }

    /// <summary>The second node asks the silo's training lanes for a batch that no machine has memory for.</summary>
    private sealed class GreedyWork(IServiceProvider services) : INodeWork
    {
        private readonly HeldWork _work = new(
            services,
            async request =>
            {
                if (request.NodeIndex == 1)
                    await services
                        .GetRequiredService<SiloDevices>()
                        .Training.RunAsync(_ => torch.zeros(1L << 32, 3, 512, 512).sum().item<float>());
            }
        );

        public Task<TrainedUpdate> TrainAsync(
            LocalUpdateRequest request,
            HeldModule? held,
            string startingDigest,
            string? residual,
            Action<double> progress,
            CancellationToken cancellationToken
        ) => _work.TrainAsync(request, held, startingDigest, residual, progress, cancellationToken);

        public Task<byte[]> ProposeAsync(
            LocalUpdateRequest request,
            byte[] update,
            CancellationToken cancellationToken
        ) => _work.ProposeAsync(request, update, cancellationToken);

        public Task<PackedUpdate> PackAsync(
            LocalUpdateRequest request,
            byte[] update,
            StoredBlob? basis,
            CancellationToken cancellationToken
        ) => _work.PackAsync(request, update, basis, cancellationToken);
    }
}
