using System.Reflection;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Library;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;

namespace Dmkd.Grains.Security.Access;

/// <summary>
/// Which client may make which call: the whole of it, in one place. What has no row is refused. Silos call one another without a row. An operator may do
/// what a reader may.
/// </summary>
internal static class AccessTable
{
    private static readonly AccessRole[] Nobody = [], Operators = [AccessRole.Operator], Nodes = [AccessRole.Node];
    private static readonly AccessRole[] Readers = [AccessRole.Reader, AccessRole.Operator], Everybody = [AccessRole.Reader, AccessRole.Node, AccessRole.Operator];

    private static readonly Dictionary<(Type Contract, string Method), AccessRule> Rows = new()
    {
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.StartAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.ResumeAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.LeaveAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.JoinAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.StopAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.ListNodesAsync))] = Read(Readers),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.GetSettingsAsync))] = Read(Readers),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.GetProgressAsync))] = Read(Readers),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.GetReportAsync))] = Read(Readers),

        [(typeof(IPreservationGrain), nameof(IPreservationGrain.StartAsync))] = Change(Operators),
        [(typeof(IPreservationGrain), nameof(IPreservationGrain.ResumeAsync))] = Change(Operators),
        [(typeof(IPreservationGrain), nameof(IPreservationGrain.GetRequestAsync))] = Read(Readers),
        [(typeof(IPreservationGrain), nameof(IPreservationGrain.GetProgressAsync))] = Read(Readers),
        [(typeof(IPreservationGrain), nameof(IPreservationGrain.GetReportAsync))] = Read(Readers),

        [(typeof(ILibraryDirectoryGrain), nameof(ILibraryDirectoryGrain.RecordRunAsync))] = Change(Nobody),
        [(typeof(ILibraryDirectoryGrain), nameof(ILibraryDirectoryGrain.ListRunsAsync))] = Read(Readers),
        [(typeof(IModuleCatalogGrain), nameof(IModuleCatalogGrain.RegisterAsync))] = Change(Nobody),
        [(typeof(IModuleCatalogGrain), nameof(IModuleCatalogGrain.PublishGateAsync))] = Change(Nobody),
        [(typeof(IModuleCatalogGrain), nameof(IModuleCatalogGrain.ListAsync))] = Read(Readers),
        [(typeof(IModuleCatalogGrain), nameof(IModuleCatalogGrain.GetGateAsync))] = Read(Readers),
        [(typeof(IRouterGrain), nameof(IRouterGrain.RouteAsync))] = Read(Readers),

        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.CreateAsync))] = Change(Nobody),
        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.PublishAsync))] = Change(Nobody),
        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.RecordSpecializationAsync))] = Change(Nobody),
        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.GetSnapshotAsync))] = Read(Everybody),
        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.GetHistoryUpToAsync))] = Read(Everybody),
        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.GetHistoryAsync))] = Read(Everybody),

        // A node speaks for itself; the coordinator refuses who does not take part in the round.
        [(typeof(IMergeCoordinatorGrain), nameof(IMergeCoordinatorGrain.OpenRoundAsync))] = Change(Nobody),
        [(typeof(IMergeCoordinatorGrain), nameof(IMergeCoordinatorGrain.SubmitAsync))] = new(Nodes, Changes: true, argument => (argument(0) as DeltaSubmission)?.NodeId),
        [(typeof(IMergeCoordinatorGrain), nameof(IMergeCoordinatorGrain.WithdrawAsync))] = new(Nodes, Changes: true, argument => argument(2) as string),
        [(typeof(IMergeCoordinatorGrain), nameof(IMergeCoordinatorGrain.GetRoundAsync))] = Read(Everybody),

        [(typeof(INodeGrain), nameof(INodeGrain.StartLocalUpdateAsync))] = Change(Nobody),
        [(typeof(INodeGrain), nameof(INodeGrain.GetLocalUpdateAsync))] = Read(Readers),
        [(typeof(INodeGrain), nameof(INodeGrain.ProbeAsync))] = Read(Nobody),
    };

    /// <summary>What an Orleans client itself asks silos for, by the interfaces' names since they are not public: what the cluster holds, and that a call be cancelled.</summary>
    private static readonly string[] OfEveryClient =
    [
        "Orleans.Runtime.IClusterManifestSystemTarget", "Orleans.Runtime.IGrainCallCancellationExtension", "Orleans.Runtime.ICancellationSourcesExtension",
    ];

    /// <summary>The rule of a method; null when the table has none, which refuses it.</summary>
    public static AccessRule? RuleOf(MethodInfo method)
    {
        var contract = method.DeclaringType!;
        return Rows.TryGetValue((contract, method.Name), out var rule) ? rule : OfEveryClient.Contains(contract.FullName) ? Read(Everybody) : null;
    }

    private static AccessRule Change(AccessRole[] roles) => new(roles, Changes: true);

    private static AccessRule Read(AccessRole[] roles) => new(roles, Changes: false);
}
