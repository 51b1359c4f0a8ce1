using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Tests.Cluster;
using Dmkd.Grains.Tests.Postgres;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Security;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Serialization.Configuration;
using Orleans.Serialization.TypeSystem;

namespace Dmkd.Grains.Tests.Security;

/// <summary>Messages that no client of ours sends, and calls with something missing, at a cluster's silos.</summary>
public sealed class ClientMessagesTests(SharedDatabases server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Message_OfAnotherForm_EndsItsConnectionAndIsRecorded()
    {
        await using var source = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        await PostgresSchema.EnsureAsync(source, Cancel);
        var audit = ClusterDatabase.AuditOf(source, TimeProvider.System);
        await using var cluster = await SecuredCluster.StartAsync(configure: silo => silo.Services.AddSingleton(audit));
        cluster.Become(AccessRole.Reader, "bert");
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>("a-run");
        await run.GetProgressAsync(0, Cancel);

        RequestContext.Set("entry-of-mine", "text");
        _ = run.GetProgressAsync(0, Cancel); // nobody answers it
        RequestContext.Remove("entry-of-mine");
        await DmkdCluster.UntilAsync(async () => (await audit.ListAsync(1, Cancel)).Count > 0, "the entry");

        var entry = Assert.Single(await audit.ListAsync(10, Cancel));
        Assert.Equal(("connection", "message", false), (entry.Grain, entry.Method, entry.IsAllowed));
        Assert.Equal("its context may not hold 'entry-of-mine'", entry.Reason);
    }

    [Fact]
    public async Task Token_OfAnotherThanTheConnections_EndsTheConnectionAndNothingIsDoneInItsName()
    {
        await using var source = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        await PostgresSchema.EnsureAsync(source, Cancel);
        var audit = ClusterDatabase.AuditOf(source, TimeProvider.System);
        await using var silo = await TlsSilo.StartAsync(audit, Cancel);
        var anna = silo.Issue(AccessRole.Operator, "anna");
        var bert = silo.Issue(AccessRole.Reader, "bert");
        var shown = new TlsSilo.Shown();
        var run = (await silo.ConnectAsync(bert, shown, Cancel)).GetGrain<ITrainingRunGrain>("a-run");
        await run.GetProgressAsync(0, Cancel);
        shown.Token = TlsSilo.TokenOf(silo.Issue(AccessRole.Reader, "bert")); // renewed: another certificate of his
        await run.GetProgressAsync(0, Cancel);

        shown.Token = TlsSilo.TokenOf(anna);
        _ = run.LeaveAsync(0, Cancel); // nobody answers it
        await DmkdCluster.UntilAsync(async () => (await audit.ListAsync(1, Cancel)).Count > 0, "the entry");
        var entry = Assert.Single(await audit.ListAsync(10, Cancel));
        Assert.Equal(("bert", "reader", "connection", false), (entry.Caller, entry.Role, entry.Grain, entry.IsAllowed));
        Assert.Equal("its token is that of operator anna, its connection that of reader bert", entry.Reason);

        var annas = await silo.ConnectAsync(anna, new TlsSilo.Shown(), Cancel);
        await annas.GetGrain<ITrainingRunGrain>("a-run").GetProgressAsync(0, Cancel);
    }

    [Fact]
    public async Task Types_OfASilo_AreThoseThatOrleansKnowsAndNoOthers()
    {
        await using var cluster = await SecuredCluster.StartAsync();
        Assert.False(cluster.Services.GetRequiredService<IOptions<TypeManifestOptions>>().Value.AllowAllTypes);
        var types = cluster.Services.GetRequiredService<TypeConverter>();
        foreach (var type in (Type[])[typeof(RouteRequest), typeof(List<string>), typeof(Dictionary<string, int>)])
            Assert.Equal(type, types.Parse(types.Format(type)));
        foreach (var type in (Type[])[typeof(FileInfo), typeof(System.Text.StringBuilder)])
            Assert.Contains(
                "is not allowed",
                Assert.Throws<InvalidOperationException>(() => types.Parse(types.Format(type))).Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public async Task Call_RefusedAgainAndAgain_CountsAgainstTheLowerLimitThenTheHigher()
    {
        await using var source = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        await PostgresSchema.EnsureAsync(source, Cancel);
        var audit = ClusterDatabase.AuditOf(source, TimeProvider.System);
        await using var cluster = await SecuredCluster.StartAsync(20, silo => silo.Services.AddSingleton(audit));
        cluster.Become(AccessRole.Reader, "greedy");
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>("a-run");
        var refusals = new List<string>();
        while (
            refusals.Count < 10_000
            && !refusals.Any(text => text.Contains("more than 20 calls", StringComparison.Ordinal))
        )
            refusals.Add((await Assert.ThrowsAsync<AccessRefusedException>(() => run.LeaveAsync(0, Cancel))).Message);
        Assert.Contains("reader greedy makes more than 20 calls a second", refusals[^1], StringComparison.Ordinal);
        int unrecorded = refusals.Count(text => text.Contains("are not recorded", StringComparison.Ordinal));
        var entries = await audit.ListAsync(10_000, Cancel);
        Assert.Equal(refusals.Count - unrecorded - 1, entries.Count);
        Assert.InRange(entries.Count, 1, unrecorded);
    }

    [Fact]
    public async Task Call_KeyWithControlCharacters_IsRefusedAndRecordedInOneLine()
    {
        await using var source = NpgsqlDataSource.Create(await server.CreateDatabaseAsync());
        await PostgresSchema.EnsureAsync(source, Cancel);
        var audit = ClusterDatabase.AuditOf(source, TimeProvider.System);
        await using var cluster = await SecuredCluster.StartAsync(configure: silo => silo.Services.AddSingleton(audit));
        cluster.Become(AccessRole.Reader, "bert");
        var refusal = await Assert.ThrowsAsync<AccessRefusedException>(() =>
            cluster.Grains.GetGrain<ITrainingRunGrain>("a\nb").GetProgressAsync(0, Cancel)
        );
        Assert.Contains("the key 'a\\u000Ab' has control characters", refusal.Message, StringComparison.Ordinal);
        refusal = await Assert.ThrowsAsync<AccessRefusedException>(() =>
            cluster.Grains.GetGrain<ITrainingRunGrain>(new string('k', 300)).LeaveAsync(0, Cancel)
        );
        Assert.Contains("needs the role operator", refusal.Message, StringComparison.Ordinal);
        var entries = await audit.ListAsync(10, Cancel);
        Assert.Equal(["a\\u000Ab", new string('k', 200) + "..."], entries.Select(entry => entry.Key));
    }

    [Fact]
    public async Task Call_SomethingMissing_IsRefusedByName()
    {
        await using var cluster = await SecuredCluster.StartAsync();
        cluster.Become(AccessRole.Operator, "anna");
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>("a-run");
        Assert.Contains(
            "ITrainingRunGrain.StartAsync needs settings, which is missing",
            (await Assert.ThrowsAsync<ArgumentException>(() => run.StartAsync(null!, Cancel))).Message,
            StringComparison.Ordinal
        );
        var router = cluster.Grains.GetGrain<IRouterGrain>("library");
        Assert.Contains(
            "IRouterGrain.RouteAsync needs request.Input, which is missing",
            (
                await Assert.ThrowsAsync<ArgumentException>(() =>
                    router.RouteAsync(Examples.Route() with { Input = null! }, Cancel)
                )
            ).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("request.Input.Content")]
    [InlineData("request.CandidateSets[1]")]
    [InlineData("request.Routing.Gate")]
    [InlineData(null)]
    public void FirstIn_Message_NamesTheFirstThatIsMissing(string? missing)
    {
        var request = Examples.Route();
        request = missing switch
        {
            "request.Input.Content" => request with { Input = request.Input with { Content = null! } },
            "request.CandidateSets[1]" => request with
            {
                CandidateSets =
                [
                    [0],
                    null!,
                ],
            },
            "request.Routing.Gate" => request with { Routing = request.Routing with { Gate = null! } },
            _ => request,
        };
        Assert.Equal(missing, NullFields.FirstIn("request", request));
        if (missing is not null)
            Assert.Contains(
                missing,
                Assert.Throws<ArgumentException>(() => RouteRules.Check(request)).Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void Check_MoreThanOneRequestMayAsk_NamesLimitAndValue()
    {
        var request = Examples.Route() with { Input = Examples.Pixels(new byte[6], 6, 1, 1) };
        Assert.Contains(
            "may ask for 65536 predictions; 10923 candidate sets of 6 inputs are 65538",
            Problem(request with { CandidateSets = [.. Enumerable.Repeat<int[]>([0], 10_923)] }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "may ask for 65536 predictions; 10923 classes of each of 6 are 65538",
            Problem(request with { Classes = 10_923 }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Classes must be at least 0, not -1",
            Problem(request with { Classes = -1 }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "may have 65536 classes in all, not 65537",
            Problem(request with { CandidateSets = [new int[65_537]] }),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Route_CallerHasGone_Ends()
    {
        using var folder = new TemporaryFolder();
        await using var cluster = await DmkdCluster.StartAsync(folder.Path);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            cluster.Grains.GetGrain<IRouterGrain>("library").RouteAsync(Examples.Route(), new CancellationToken(true))
        );
    }

    [Fact]
    public async Task Call_LargerThanAMessage_IsOneLineAtTheSender()
    {
        using var folder = new TemporaryFolder();
        await using var cluster = await DmkdCluster.StartAsync(
            folder.Path,
            configure: silo => silo.LimitMessages(new MaxMessage(1 << 20, 1 << 20)),
            configureClient: client => client.LimitMessages(new MaxMessage(1000, 1000))
        );
        var request = Examples.Route() with { Input = Examples.Pixels(new byte[6 * 3 * 32 * 32], 6, 3, 32) };
        var router = cluster.Grains.GetGrain<IRouterGrain>("library");
        var refusal = await Assert.ThrowsAsync<MessageSizeException>(() => router.RouteAsync(request, Cancel));
        Assert.Matches(
            "^IRouterGrain.RouteAsync sends 18[0-9]{3} bytes; a message has at most 1000. Ask",
            refusal.Message
        );
    }

    [Fact]
    public async Task Result_LargerThanAMessage_IsOneLineAtTheCaller()
    {
        using var folder = new TemporaryFolder();
        await using var cluster = await DmkdCluster.StartAsync(
            folder.Path,
            configure: silo => silo.LimitMessages(new MaxMessage(4 << 20, 1 << 20))
        );
        var directory = cluster.Grains.GetGrain<Dmkd.Contracts.Libraries.ILibraryDirectoryGrain>("libraries");
        await directory.RecordRunAsync(
            new Dmkd.Contracts.Libraries.RunSummary
            {
                RunId = "run",
                Library = new string('l', 2 << 20),
                Data = Examples.TinySettings().Data,
                Phase = RunPhase.Completed,
                StartedAt = Examples.Now,
            },
            Cancel
        );
        var refusal = await Assert.ThrowsAsync<MessageSizeException>(() => directory.ListRunsAsync(Cancel));
        Assert.Matches("answers with 2[0-9]{6} bytes; a message has at most 1048576", refusal.Message);
    }

    [Fact]
    public void TakeRefusal_ManyAtOnce_RecordsFarFewerThanCalls()
    {
        using var limits = new CallLimits(CallLimits.DefaultPerSecond);
        Assert.Equal(10, limits.RefusalsPerSecond);
        int recorded = Enumerable.Range(0, 400).Count(_ => limits.TakeRefusal("reader bert"));
        Assert.InRange(recorded, 20, 60); // twice a second's, and what the loop's own time adds
        Assert.True(limits.TakeRefusal("reader carl"));
    }

    private static string Problem(RouteRequest request) =>
        Assert.Throws<ArgumentException>(() => RouteRules.Check(request)).Message;
}
