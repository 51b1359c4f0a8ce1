using Dmkd.Core.Devices;
using Dmkd.Hosting.Placement;
using Microsoft.Extensions.DependencyInjection;
using TorchSharp;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

public sealed class MemoryTests
{
    [Fact]
    public async Task Run_ThreeTimesTheRounds_LeavesAsManyTensorsAlive()
    {
        var settings = TinySettings() with
        {
            Legacy = TinySettings().Legacy with { Tasks = 0 },
            Tasks = 1,
            Training = TinySettings().Training with { Lambda = 0.5 },
        };
        using var folder = new TemporaryFolder();
        await using var cluster = await DmkdCluster.StartAsync(folder.Path);
        var devices = cluster.Services.GetRequiredService<SiloDevices>();
        await cluster.RunAsync("first", settings);

        long start = await LiveTensorsAsync(devices);
        await cluster.RunAsync("short", settings with { Training = settings.Training with { Rounds = 2 } });
        long afterShort = await LiveTensorsAsync(devices);
        await cluster.RunAsync("long", settings with { Training = settings.Training with { Rounds = 6 } });
        long afterLong = await LiveTensorsAsync(devices);
        // Each run leaves the router's copy of its one expert, and nothing that grows with its rounds.
        Assert.Equal(afterShort - start, afterLong - afterShort);
    }

    private static async Task<long> LiveTensorsAsync(SiloDevices devices) =>
        await OnLanesAsync(devices.Training) + await OnLanesAsync(devices.Serving);

    /// <summary>Torch counts per thread, so every lane is asked: each job waits until all lanes have one.</summary>
    private static async Task<long> OnLanesAsync(DeviceWorker worker)
    {
        using var together = new Barrier(worker.LaneCount);
        return (
            await Task.WhenAll(
                Enumerable
                    .Range(0, worker.LaneCount)
                    .Select(_ =>
                        worker.RunAsync(_ =>
                        {
                            together.SignalAndWait(TimeSpan.FromSeconds(30));
                            return DisposeScopeManager.Statistics.ThreadTotalLiveCount;
                        })
                    )
            )
        ).Sum();
    }
}
