using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Grains.Tests.Cluster;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Dmkd.Grains.Tests.Storage;

/// <summary>What is read of a folder without a silo is what the grains over it tell.</summary>
public sealed class StoredStateReaderTests(SharedCluster shared) : IClassFixture<SharedCluster>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("plain-name")]
    [InlineData("cafe")] // a hexadecimal number to Orleans
    [InlineData("17")]
    [InlineData("0123456789abcdef0123456789abcdef")] // a GUID to it
    [InlineData("Üb er")]
    public async Task ListModules_AnyNameOfALibrary_TellsWhatItsGrainsTell(string library)
    {
        var descriptor = Examples.Descriptor(library, "expert-1");
        var module = shared.Cluster.Grains.GetGrain<IExpertModuleGrain>(descriptor.Key);
        await module.CreateAsync(descriptor, Examples.Version(1), Token);
        await module.RecordSpecializationAsync(new ModuleSpecialization(1, 2.5, 7), Token);
        var told = await shared.Cluster.Grains.GetGrain<IModuleCatalogGrain>(library).ListAsync(Token);
        var reader = await OpenAsync(isHeld: false);
        Assert.Equivalent(told, await reader.ListModulesAsync(library, Token), strict: true);
        Assert.Equivalent(
            await module.GetHistoryAsync(Token),
            await reader.GetHistoryAsync(descriptor.Key, Token),
            strict: true
        );
    }

    [Theory]
    [InlineData(RunPhase.Train, false, true, true)]
    [InlineData(RunPhase.Train, false, false, false)]
    [InlineData(RunPhase.Train, true, true, false)]
    [InlineData(RunPhase.Completed, false, true, false)]
    [InlineData(RunPhase.Failed, false, true, false)]
    public async Task GetProgress_FolderHeldOrNot_SaysWhetherTheRunIsAtWork(
        RunPhase phase,
        bool isStopped,
        bool isHeld,
        bool isAtWork
    )
    {
        string run = $"run-{phase}-{isStopped}-{isHeld}";
        var state = new TrainingRunState { Phase = phase, IsStopped = isStopped };
        var storage = shared.Cluster.Services.GetRequiredKeyedService<IGrainStorage>(StorageNames.Provider);
        await storage.WriteStateAsync(
            StorageNames.TrainingRun,
            GrainId.Create("test", run),
            new GrainState<TrainingRunState>(state)
        );
        var progress = await (await OpenAsync(isHeld)).GetProgressAsync(run, 0, Token);
        Assert.Equal((phase, isAtWork), (progress.Phase, progress.IsAtWork));
    }

    [Fact]
    public async Task Reader_NothingStored_TellsOfNothing()
    {
        var reader = await OpenAsync(isHeld: false);
        Assert.Null(await reader.GetSettingsAsync("unknown", Token));
        Assert.Empty(await reader.ListModulesAsync("unknown", Token));
        Assert.Null(await reader.GetGateAsync("unknown", Token));
    }

    [Fact]
    public async Task Open_DatabaseWithoutATable_HoldsNothing()
    {
        using var folder = new TemporaryFolder();
        var storage = new SiloStorageOptions(folder.Path);
        await File.WriteAllBytesAsync(storage.DatabasePath, [], Token);
        var reader = await StoredStateReader.OpenAsync(storage, isHeld: false, Token);
        Assert.Empty(await reader.ListRunsAsync(Token));
    }

    [Fact]
    public async Task Open_DatabaseOfANewerProgram_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var storage = new SiloStorageOptions(folder.Path);
        SqliteSchema.Ensure(storage.ConnectionString);
        await using (var connection = new SqliteConnection(storage.ConnectionString))
        {
            await connection.OpenAsync(Token);
            await using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version=99";
            await command.ExecuteNonQueryAsync(Token);
        }

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            StoredStateReader.OpenAsync(storage, isHeld: false, Token)
        );
        Assert.Contains("schema version 99", error.Message, StringComparison.Ordinal);
    }

    private Task<StoredStateReader> OpenAsync(bool isHeld) =>
        StoredStateReader.OpenAsync(shared.Storage, isHeld, Token);
}
