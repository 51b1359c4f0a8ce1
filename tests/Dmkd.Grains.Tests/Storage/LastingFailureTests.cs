using Dmkd.Contracts.Libraries;
using Dmkd.Grains.Tests.Cluster;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Storage;
using Microsoft.Data.Sqlite;

namespace Dmkd.Grains.Tests.Storage;

/// <summary>What no repeat mends is told at once, with the row and the cause.</summary>
public sealed class LastingFailureTests
{
    [Theory]
    [InlineData("UPDATE OrleansStorage SET PayloadBinary = CAST('{\"modules\": [' AS BLOB)", "its row is damaged")]
    [InlineData("ALTER TABLE OrleansStorage RENAME TO Elsewhere", "no such table")]
    public async Task Call_OfAGrainWhoseStateCannotBeRead_SaysWhichAndWhy(string damage, string cause)
    {
        using var folder = new TemporaryFolder();
        var storage = new SiloStorageOptions(folder.Path);
        await using (var cluster = await DmkdCluster.StartAsync(folder.Path))
            await CatalogOf(cluster).RegisterAsync("expert-1", TestContext.Current.CancellationToken);
        await using var later = await DmkdCluster.StartAsync(folder.Path);
        Execute(storage, damage);

        var problem = await Assert.ThrowsAnyAsync<Exception>(() =>
            CatalogOf(later).ListAsync(TestContext.Current.CancellationToken)
        );

        Assert.False(TransientErrors.Is(problem));
        string told = StoredStateException.Within(problem)!.Message;
        Assert.Contains(StorageNames.ModuleCatalog, told, StringComparison.Ordinal);
        Assert.Contains("'first'", told, StringComparison.Ordinal);
        Assert.Contains(cause, told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ALTER TABLE OrleansStorage RENAME TO Elsewhere", false)]
    [InlineData("SELECT 1", true)]
    public async Task Answers_WithoutTheProgramsTable_IsFalse(string change, bool answers)
    {
        using var folder = new TemporaryFolder();
        var storage = new SiloStorageOptions(folder.Path);
        SqliteSchema.Ensure(storage.ConnectionString);
        Execute(storage, change);
        Assert.Equal(answers, await DatabaseOf(storage).AnswersAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Answers_OfAFileThatWasRemovedWhileItIsOpen_IsFalse()
    {
        using var folder = new TemporaryFolder();
        var storage = new SiloStorageOptions(folder.Path);
        SqliteSchema.Ensure(storage.ConnectionString);
        await using var open = new SqliteConnection(storage.ConnectionString);
        await open.OpenAsync(TestContext.Current.CancellationToken);
        File.Delete(storage.DatabasePath);
        Assert.False(await DatabaseOf(storage).AnswersAsync(TestContext.Current.CancellationToken));
        Assert.False(File.Exists(storage.DatabasePath));
    }

    private static IModuleCatalogGrain CatalogOf(DmkdCluster cluster) =>
        cluster.Grains.GetGrain<IModuleCatalogGrain>("first");

    private static StateDatabase DatabaseOf(SiloStorageOptions storage) =>
        new(() => new SqliteConnection(storage.CheckConnectionString));

    private static void Execute(SiloStorageOptions storage, string sql)
    {
        using var connection = new SqliteConnection(storage.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // of the tests above
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
