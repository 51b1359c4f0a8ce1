using System.Text.Json;
using Dmkd.Contracts.Routing;
using Dmkd.Serving;
using Microsoft.Extensions.DependencyInjection;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// A silo serves many libraries one after the other: those that nobody asks for any more do not stay in its memory.
/// </summary>
public sealed class IdleNetworksTests
{
    private const string First = "first",
        Second = "second";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Route_AnotherLibraryAfterAWhile_LetsGoOfIdleNetworksAndLoadsThemAgainWhenAsked()
    {
        using var folder = new TemporaryFolder();
        var clock = new SettableClock();
        await using var cluster = await DmkdCluster.StartAsync(
            folder.Path,
            configure: silo => silo.Services.AddSingleton<TimeProvider>(clock)
        );
        var settings = TinySettings() with
        {
            Tasks = 2,
            Legacy = TinySettings().Legacy with { Tasks = 0 },
            Training = TinySettings().Training with { Rounds = 1 },
        };
        await cluster.RunAsync(First, settings);
        string before = await PredictAsync(cluster, First);
        await cluster.RunAsync(Second, settings);
        var networks = cluster.Services.GetRequiredService<LibraryCache>();
        Assert.Equal(4, networks.Count);

        clock.Advance(LibraryCache.MaxIdle + TimeSpan.FromMinutes(1));
        await PredictAsync(cluster, Second);
        await DmkdCluster.UntilAsync(() => Task.FromResult(networks.Count == 2), "the end of idle networks");
        Assert.Equal(before, await PredictAsync(cluster, First));
        Assert.Equal(4, networks.Count);
    }

    private static async Task<string> PredictAsync(DmkdCluster cluster, string library) =>
        JsonSerializer.Serialize(
            (await cluster.Grains.GetGrain<IRouterGrain>(library).RouteAsync(Batch(), Cancel)).Predictions
        );
}
