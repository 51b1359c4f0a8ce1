using Dmkd.Contracts.Runs;
using Dmkd.Grains.Tests.Postgres;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Security;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Dmkd.Grains.Tests.Security;

public sealed class AuditTests(SharedDatabases server)
{
    private static readonly AuditEntry Entry = new(
        Examples.Now,
        "anna",
        "operator",
        "ITrainingRunGrain",
        "StartAsync",
        "a-run",
        IsAllowed: true,
        Reason: null
    );

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task List_AfterWrites_ReturnsTheLastInOrder()
    {
        await using var source = await OpenAsync();
        var audit = ClusterDatabase.AuditOf(source, TimeProvider.System);
        foreach (string key in (string[])["a", "b", "c"])
            await audit.WriteAsync(Entry with { Key = key, Reason = key == "b" ? "because" : null }, Cancel);
        Assert.Equal(
            [Entry with { Key = "b", Reason = "because" }, Entry with { Key = "c" }],
            await audit.ListAsync(2, Cancel)
        );
    }

    [Theory]
    [InlineData("UPDATE DmkdAudit SET Caller='somebody else'")]
    [InlineData("DELETE FROM DmkdAudit")]
    [InlineData("TRUNCATE DmkdAudit")]
    public async Task Audit_ChangeOfWhatIsWritten_IsRefused(string sql)
    {
        await using var source = await OpenAsync();
        var audit = ClusterDatabase.AuditOf(source, TimeProvider.System);
        await audit.WriteAsync(Entry, Cancel);
#pragma warning disable CA2100 // written here
        await using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Cancel));
        Assert.Contains("takes rows and gives none back", refusal.Message, StringComparison.Ordinal);
        Assert.Equal([Entry], await audit.ListAsync(10, Cancel));
    }

    [Fact]
    public async Task RemoveBefore_OldEntries_GoAndYoungOnesStay()
    {
        await using var source = await OpenAsync();
        var audit = ClusterDatabase.AuditOf(source, TimeProvider.System);
        var now = TimeProvider.System.GetUtcNow();
        await audit.WriteAsync(Entry with { At = now.AddDays(-400), Key = "old" }, Cancel);
        await audit.WriteAsync(Entry with { At = now.AddDays(-1), Key = "young" }, Cancel);
        Assert.Equal(1, await audit.RemoveBeforeAsync(now.AddDays(-365), Cancel));
        Assert.Equal("young", Assert.Single(await audit.ListAsync(10, Cancel)).Key);
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => audit.RemoveBeforeAsync(now, Cancel));
        Assert.Contains("gives none back for 30 days", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_ThatChangesSomething_IsRecordedAllowedOrRefused()
    {
        await using var source = await OpenAsync();
        var audit = ClusterDatabase.AuditOf(source, TimeProvider.System);
        await using var cluster = await SecuredCluster.StartAsync(configure: silo => silo.Services.AddSingleton(audit));
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>("a-run");
        cluster.Become(AccessRole.Operator, "anna");
        await Record.ExceptionAsync(() => run.LeaveAsync(0, Cancel)); // there is no such run: recorded all the same
        cluster.Become(AccessRole.Reader, "bert");
        await run.GetProgressAsync(0, Cancel);
        await Assert.ThrowsAsync<AccessRefusedException>(() => run.LeaveAsync(0, Cancel));
        var entries = await audit.ListAsync(10, Cancel);
        Assert.Equal(
            [
                ("anna", "operator", "ITrainingRunGrain", "LeaveAsync", "a-run", true),
                ("bert", "reader", "ITrainingRunGrain", "LeaveAsync", "a-run", false),
            ],
            entries.Select(entry => (entry.Caller, entry.Role, entry.Grain, entry.Method, entry.Key, entry.IsAllowed))
        );
        Assert.Contains("needs the role operator", entries[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_ThatCannotBeRecorded_IsNotMade()
    {
        await using var source = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Timeout=1;Database=none");
        await using var cluster = await SecuredCluster.StartAsync(configure: silo =>
            silo.Services.AddSingleton(ClusterDatabase.AuditOf(source, TimeProvider.System))
        );
        cluster.Become(AccessRole.Operator, "anna");
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>("a-run");
        var refusal = await Assert.ThrowsAnyAsync<Exception>(() => run.StartAsync(Examples.TinySettings(), Cancel));
        Assert.Contains("cannot be recorded in the audit log", refusal.Message, StringComparison.Ordinal);
        Assert.Null(await run.GetSettingsAsync(Cancel));
    }

    private async Task<NpgsqlDataSource> OpenAsync()
    {
        var source = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        await PostgresSchema.EnsureAsync(source, Cancel);
        return source;
    }
}
