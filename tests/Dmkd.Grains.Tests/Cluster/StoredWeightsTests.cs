using System.Text.Json;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;
using static Dmkd.Grains.Tests.Examples;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// What a silo does that starts over weights which were damaged, or after what nothing names was removed.
/// </summary>
public sealed class StoredWeightsTests : IClassFixture<StoredWeightsTests.StoredRun>, IDisposable
{
    private const string Library = "stored";
    private readonly TemporaryFolder _folder = new();
    private readonly ModuleSnapshot[] _modules;
    private readonly string _before;

    public StoredWeightsTests(StoredRun stored)
    {
        stored.CopyTo(_folder.Path);
        _modules = stored.Modules;
        _before = stored.Answers;
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Route_CurrentVersionDamaged_PreviousVersionAnswersAndIsNamed()
    {
        var module = _modules[^1];
        FlipABit(module.Current.Digest);
        await using var cluster = await DmkdCluster.StartAsync(_folder.Path);
        var response = await RouterOf(cluster).RouteAsync(Batch() with { AcceptsEarlierVersions = true }, Cancel);
        int number = module.Current.Number;
        Assert.Equal(
            [$"{module.Descriptor.Name} version {number} cannot be read: version {number - 1} answers"],
            response.Replacements
        );
        Assert.NotEqual(_before, JsonSerializer.Serialize(response.Predictions));
    }

    [Fact]
    public async Task Route_NextVersionAfterADamagedOne_ServesAgain()
    {
        var module = _modules[^1];
        FlipABit(module.Current.Digest);
        await using var cluster = await DmkdCluster.StartAsync(_folder.Path);
        var request = Batch() with { AcceptsEarlierVersions = true };
        Assert.Single((await RouterOf(cluster).RouteAsync(request, Cancel)).Replacements);
        var grain = cluster.Grains.GetGrain<IExpertModuleGrain>(module.Descriptor.Key);
        var first = (await grain.GetHistoryAsync(Cancel))[0];
        await grain.PublishAsync(
            module.Current with
            {
                Number = module.Current.Number + 1,
                ParentDigest = module.Current.Digest,
                Digest = first.Digest,
                Bytes = first.Bytes,
                Update = null,
            },
            Cancel
        );
        Assert.Empty((await RouterOf(cluster).RouteAsync(request, Cancel)).Replacements);
    }

    [Fact]
    public async Task Route_CurrentVersionDamagedWithoutLeaveForEarlierOnes_IsRefused()
    {
        FlipABit(_modules[^1].Current.Digest);
        await using var cluster = await DmkdCluster.StartAsync(_folder.Path);
        var error = await Assert.ThrowsAnyAsync<Exception>(() => RouterOf(cluster).RouteAsync(Batch(), Cancel));
        Assert.Contains($"Weights {_modules[^1].Current.Digest}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Probe_VersionDamaged_IsMadeAnewOfItsParentAndUpdate()
    {
        var module = _modules[^1];
        Assert.NotNull(module.Current.Update);
        FlipABit(module.Current.Digest);
        await using var cluster = await DmkdCluster.StartAsync(_folder.Path);
        var settings = await cluster.Grains.GetGrain<ITrainingRunGrain>(Library).GetSettingsAsync(Cancel);
        var request = new ProbeRequest
        {
            NodeIndex = 0,
            Task = 1,
            Module = module.Descriptor,
            Version = module.Current,
            Settings = settings!,
            Probe = new EntropyProbe(),
        };

        var report = await cluster.Grains.GetGrain<INodeGrain>($"{Library}/another").ProbeAsync(request, Cancel);

        Assert.True(Assert.IsType<EntropyReport>(report).SampleCount > 0);
        var weights = cluster.Services.GetRequiredService<IWeightStore>();
        Assert.Equal(module.Current.Bytes, (await weights.GetAsync(module.Current.Digest, Cancel)).Length);
    }

    [Fact]
    public async Task Collect_AfterARun_RemovesOrphansAndKeepsEveryVersion()
    {
        foreach (string file in Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-3));
        await using var cluster = await DmkdCluster.StartAsync(_folder.Path);
        var collected = await cluster
            .Services.GetRequiredService<WeightCollector>()
            .CollectAsync(WeightCollector.DefaultGrace, isDryRun: false, Cancel);
        Assert.True(collected.Removed >= 1, collected.ToString());
        var weights = cluster.Services.GetRequiredService<IWeightStore>();
        foreach (var module in _modules)
        {
            foreach (
                var version in await cluster
                    .Grains.GetGrain<IExpertModuleGrain>(module.Descriptor.Key)
                    .GetHistoryAsync(Cancel)
            )
                Assert.Equal(version.Bytes, (await weights.GetAsync(version.Digest, Cancel)).Length);
        }

        Assert.Equal(_before, await PredictAsync(cluster));
    }

    public void Dispose() => _folder.Dispose();

    private static IRouterGrain RouterOf(DmkdCluster cluster) => cluster.Grains.GetGrain<IRouterGrain>(Library);

    private static async Task<string> PredictAsync(DmkdCluster cluster) =>
        JsonSerializer.Serialize((await RouterOf(cluster).RouteAsync(Batch(), Cancel)).Predictions);

    private void FlipABit(string digest)
    {
        string file = Directory
            .GetFiles(
                new SiloStorageOptions(_folder.Path).WeightsPath,
                digest.Split(':')[1],
                SearchOption.AllDirectories
            )
            .Single();
        byte[] content = File.ReadAllBytes(file);
        content[^5] ^= 4;
        File.WriteAllBytes(file, content);
    }

    /// <summary>The folder of a run and what its library answered, made once; every test has a copy.</summary>
    public sealed class StoredRun : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();

        internal ModuleSnapshot[] Modules { get; private set; } = [];

        internal string Answers { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            await using var cluster = await DmkdCluster.StartAsync(_folder.Path);
            await cluster.RunAsync(
                Library,
                TinySettings() with
                {
                    Legacy = TinySettings().Legacy with { Tasks = 0 },
                    Training = TinySettings().Training with { Rounds = 1 },
                }
            );
            Modules = [.. await cluster.Grains.GetGrain<IModuleCatalogGrain>(Library).ListAsync(Cancel)];
            Answers = await PredictAsync(cluster);
            // as a crash leaves it: stored, never named
            await cluster.Services.GetRequiredService<IWeightStore>().PutAsync(new byte[] { 1, 2, 3 }, Cancel);
        }

        internal void CopyTo(string folder)
        {
            foreach (string file in Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories))
            {
                string copy = Path.Combine(folder, Path.GetRelativePath(_folder.Path, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        }

        public ValueTask DisposeAsync()
        {
            _folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
