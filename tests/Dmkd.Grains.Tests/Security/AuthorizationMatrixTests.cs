using System.Reflection;
using Dmkd.Hosting.Security;

namespace Dmkd.Grains.Tests.Security;

/// <summary>
/// Every role makes every call to a cluster that holds clients to their roles; what may come through stands here, in
/// other words than in the product.
/// </summary>
public sealed class AuthorizationMatrixTests
{
    private const string OwnNode = "library/node-1",
        OtherNode = "library/node-2";

    private static readonly string[] Reading =
    [
        "IExpertModuleGrain.GetHistoryAsync",
        "IExpertModuleGrain.GetSnapshotAsync",
        "ILibraryDirectoryGrain.ListRunsAsync",
        "IMergeCoordinatorGrain.GetRoundAsync",
        "IModuleCatalogGrain.GetGateAsync",
        "IModuleCatalogGrain.ListAsync",
        "IModuleCatalogGrain.ListNamesAsync",
        "INodeDirectoryGrain.ListAsync",
        "INodeGrain.GetLocalUpdateAsync",
        "IPreservationGrain.GetProgressAsync",
        "IPreservationGrain.GetReportAsync",
        "IPreservationGrain.GetRequestAsync",
        "IRouterGrain.RouteAsync",
        "ITrainingRunGrain.GetProgressAsync",
        "ITrainingRunGrain.GetReportAsync",
        "ITrainingRunGrain.GetSettingsAsync",
        "ITrainingRunGrain.ListNodesAsync",
    ];

    private static readonly string[] Operating =
    [
        "IModuleCatalogGrain.RemoveModuleAsync",
        "IPreservationGrain.MoveDataAsync",
        "IPreservationGrain.RemoveAsync",
        "IPreservationGrain.ResumeAsync",
        "IPreservationGrain.StartAsync",
        "ITrainingRunGrain.JoinAsync",
        "ITrainingRunGrain.LearnAsync",
        "ITrainingRunGrain.LeaveAsync",
        "ITrainingRunGrain.StopAsync",
        "ITrainingRunGrain.MoveDataAsync",
        "ITrainingRunGrain.RemoveAsync",
        "ITrainingRunGrain.ResumeAsync",
        "ITrainingRunGrain.StartAsync",
    ];

    private static readonly string[] OfNodes =
    [
        "IExpertModuleGrain.GetHistoryAsync",
        "IExpertModuleGrain.GetSnapshotAsync",
        "IMergeCoordinatorGrain.GetRoundAsync",
    ];

    private static readonly string[] OfNodesForThemselves =
    [
        "IMergeCoordinatorGrain.SubmitAsync",
        "IMergeCoordinatorGrain.WithdrawAsync",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Call_EveryMethodByEveryRole_ComesThroughWhereTheMatrixSaysSo()
    {
        await using var cluster = await SecuredCluster.StartAsync();
        await ComeThroughAsync(cluster, AccessRole.Reader, OwnNode, Reading);
        await ComeThroughAsync(cluster, AccessRole.Operator, OwnNode, [.. Reading, .. Operating]);
        await ComeThroughAsync(cluster, AccessRole.Node, OwnNode, [.. OfNodes, .. OfNodesForThemselves]);
        await ComeThroughAsync(cluster, AccessRole.Node, OtherNode, OfNodes);
        Assert.Empty(await ThroughAsync(cluster, null, OwnNode));
        Assert.Equal(GrainCalls.All.Count, (await ThroughAsync(cluster, AccessRole.Silo, OwnNode)).Length);
    }

    [Fact]
    public async Task Call_GrainThatCallsGrains_NeedsTheFirstCallersRoleOnly()
    {
        await using var cluster = await SecuredCluster.StartAsync();
        cluster.Become(AccessRole.Operator);
        var run = cluster.Grains.GetGrain<Dmkd.Contracts.Runs.ITrainingRunGrain>("a-run");
        await run.StartAsync(Examples.TinySettings(), Cancel);
        cluster.Become(AccessRole.Reader);
        await Dmkd.Grains.Tests.Cluster.DmkdCluster.UntilAsync(
            async () =>
                await run.GetProgressAsync(long.MaxValue, Cancel)
                    is { Phase: Dmkd.Contracts.Runs.RunPhase.Completed or Dmkd.Contracts.Runs.RunPhase.Failed } end
                && (end.Error is null ? true : throw new InvalidOperationException(end.Error)),
            "the end of the run"
        );
    }

    [Fact]
    public async Task Call_OrleansOwnManagement_IsRefusedToAnOperator()
    {
        await using var cluster = await SecuredCluster.StartAsync();
        cluster.Become(AccessRole.Operator);
        var refusal = await Assert.ThrowsAsync<AccessRefusedException>(() =>
            cluster.Grains.GetGrain<IManagementGrain>(0).GetHosts(true, Cancel)
        );
        Assert.Equal(
            "IManagementGrain.GetHosts is for the cluster's silos alone; operator somebody may not call it.",
            refusal.Message
        );
    }

    [Fact]
    public async Task Call_MoreThanTheLimit_IsRefusedToThatCallerOnly()
    {
        await using var cluster = await SecuredCluster.StartAsync(callsPerSecond: 20);
        cluster.Become(AccessRole.Reader, "greedy");
        var directory = cluster.Grains.GetGrain<Dmkd.Contracts.Libraries.ILibraryDirectoryGrain>("libraries");
        var refusal = await Assert.ThrowsAsync<AccessRefusedException>(async () =>
        {
            for (int i = 0; i < 10_000; i++)
                await directory.ListRunsAsync(Cancel);
        });
        Assert.Contains("reader greedy makes more than 20 calls a second", refusal.Message, StringComparison.Ordinal);
        cluster.Become(AccessRole.Reader, "modest");
        await directory.ListRunsAsync(Cancel);
    }

    private static async Task ComeThroughAsync(
        SecuredCluster cluster,
        AccessRole role,
        string node,
        string[] expected
    ) => Assert.Equal(expected.Order(StringComparer.Ordinal), await ThroughAsync(cluster, role, node));

    /// <summary>Calls that were let through, whatever then became of them: their arguments are empty.</summary>
    private static async Task<string[]> ThroughAsync(SecuredCluster cluster, AccessRole? role, string node)
    {
        cluster.Become(role, "node-1");
        var through = new List<string>();
        foreach (MethodInfo method in GrainCalls.All)
        {
            if (await IsRefusedAsync(cluster, method, node))
                continue;
            through.Add(GrainCalls.NameOf(method));
        }

        return [.. through.Order(StringComparer.Ordinal)];
    }

    private static async Task<bool> IsRefusedAsync(SecuredCluster cluster, MethodInfo method, string node)
    {
        try
        {
            await GrainCalls.CallAsync(cluster.Grains, method, node);
            return false;
        }
        catch (AccessRefusedException)
        {
            return true;
        }
        catch (Exception e) when (e is not AccessRefusedException)
        {
            return false;
        }
    }
}
