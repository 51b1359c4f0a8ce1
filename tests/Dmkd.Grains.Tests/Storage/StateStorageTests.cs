using Dmkd.Grains.Libraries;
using Dmkd.Grains.Tests.Cluster;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Dmkd.Grains.Tests.Storage;

/// <summary>Orleans' ADO.NET storage on our SQLite schema, as a silo composes it.</summary>
public sealed class StateStorageTests(SharedCluster shared) : IClassFixture<SharedCluster>
{
    private IGrainStorage Storage =>
        shared.Cluster.Services.GetRequiredKeyedService<IGrainStorage>(StorageNames.Provider);

    [Fact]
    public async Task Read_AfterWrite_ReturnsTheState()
    {
        await WriteAsync(
            "written",
            new GrainState<ModuleCatalogState>(new ModuleCatalogState { Modules = ["a", "b"] })
        );
        Assert.Equal(["a", "b"], (await ReadAsync("written")).State!.Modules);
    }

    [Fact]
    public async Task Read_NothingWritten_HasNoRecord() => Assert.False((await ReadAsync("never")).RecordExists);

    [Fact]
    public async Task Write_StateThatAnotherChanged_IsInconsistent()
    {
        await WriteAsync("contended", new GrainState<ModuleCatalogState>(new ModuleCatalogState()));
        var one = await ReadAsync("contended");
        var other = await ReadAsync("contended");
        await WriteAsync("contended", one);
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync("contended", other));
    }

    [Fact]
    public async Task Write_FirstStateTwice_IsInconsistent()
    {
        await WriteAsync("first", new GrainState<ModuleCatalogState>(new ModuleCatalogState()));
        await Assert.ThrowsAsync<InconsistentStateException>(() =>
            WriteAsync("first", new GrainState<ModuleCatalogState>(new ModuleCatalogState()))
        );
    }

    [Fact]
    public async Task Write_ManyTimes_KeepsTheLast()
    {
        var state = new GrainState<ModuleCatalogState>(new ModuleCatalogState());
        for (int i = 0; i < 5; i++)
        {
            state.State!.Modules = [$"{i}"];
            await WriteAsync("many", state);
        }

        Assert.Equal(["4"], (await ReadAsync("many")).State!.Modules);
    }

    [Fact]
    public async Task Read_OtherStateNameOfTheSameGrain_IsAnotherState()
    {
        await WriteAsync("names", new GrainState<ModuleCatalogState>(new ModuleCatalogState()));
        var other = new GrainState<ModuleCatalogState>(new ModuleCatalogState());
        await Storage.ReadStateAsync("another-name", Key("names"), other);
        Assert.False(other.RecordExists);
    }

    private static GrainId Key(string key) => GrainId.Create("test", key);

    private Task WriteAsync(string key, GrainState<ModuleCatalogState> state) =>
        Storage.WriteStateAsync(StorageNames.ModuleCatalog, Key(key), state);

    private async Task<GrainState<ModuleCatalogState>> ReadAsync(string key)
    {
        var state = new GrainState<ModuleCatalogState>(new ModuleCatalogState());
        await Storage.ReadStateAsync(StorageNames.ModuleCatalog, Key(key), state);
        return state;
    }
}
