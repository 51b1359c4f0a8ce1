using System.Reflection;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Core;
using Dmkd.Core.Devices;

namespace Dmkd.Hosting.Security;

/// <summary>
/// Which client may make which call: the whole of it, in one place. What has no row is refused. Silos call one another
/// without a row. An operator may do what a reader may.
/// </summary>
internal static class AccessTable
{
    private static readonly AccessRole[] Nobody = [],
        Operators = [AccessRole.Operator],
        Nodes = [AccessRole.Node];
    private static readonly AccessRole[] Readers = [AccessRole.Reader, AccessRole.Operator],
        Everybody = [AccessRole.Reader, AccessRole.Node, AccessRole.Operator];

    private static readonly Dictionary<(Type Contract, string Method), AccessRule> Rows = new()
    {
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.StartAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.LearnAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.ResumeAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.MoveDataAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.LeaveAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.JoinAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.StopAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.RemoveAsync))] = Change(Operators),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.ListNodesAsync))] = Read(Readers),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.GetSettingsAsync))] = Read(Readers),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.GetProgressAsync))] = Read(Readers),
        [(typeof(ITrainingRunGrain), nameof(ITrainingRunGrain.GetReportAsync))] = Read(Readers),

        [(typeof(IPreservationGrain), nameof(IPreservationGrain.StartAsync))] = Change(Operators),
        [(typeof(IPreservationGrain), nameof(IPreservationGrain.ResumeAsync))] = Change(Operators),
        [(typeof(IPreservationGrain), nameof(IPreservationGrain.MoveDataAsync))] = Change(Operators),
        [(typeof(IPreservationGrain), nameof(IPreservationGrain.RemoveAsync))] = Change(Operators),
        [(typeof(IPreservationGrain), nameof(IPreservationGrain.GetRequestAsync))] = Read(Readers),
        [(typeof(IPreservationGrain), nameof(IPreservationGrain.GetProgressAsync))] = Read(Readers),
        [(typeof(IPreservationGrain), nameof(IPreservationGrain.GetReportAsync))] = Read(Readers),

        [(typeof(ILibraryDirectoryGrain), nameof(ILibraryDirectoryGrain.RecordRunAsync))] = Change(Nobody),
        [(typeof(ILibraryDirectoryGrain), nameof(ILibraryDirectoryGrain.ForgetRunAsync))] = Change(Nobody),
        [(typeof(ILibraryDirectoryGrain), nameof(ILibraryDirectoryGrain.ListRunsAsync))] = Read(Readers),
        [(typeof(IModuleCatalogGrain), nameof(IModuleCatalogGrain.RegisterAsync))] = Change(Nobody),
        [(typeof(IModuleCatalogGrain), nameof(IModuleCatalogGrain.RemoveAsync))] = Change(Nobody),
        [(typeof(IModuleCatalogGrain), nameof(IModuleCatalogGrain.PublishGateAsync))] = Change(Nobody),
        [(typeof(IModuleCatalogGrain), nameof(IModuleCatalogGrain.RemoveModuleAsync))] = Change(Operators),
        [(typeof(IModuleCatalogGrain), nameof(IModuleCatalogGrain.ListAsync))] = Read(Readers),
        [(typeof(IModuleCatalogGrain), nameof(IModuleCatalogGrain.ListNamesAsync))] = Read(Readers),
        [(typeof(IModuleCatalogGrain), nameof(IModuleCatalogGrain.GetGateAsync))] = Read(Readers),
        [(typeof(IRouterGrain), nameof(IRouterGrain.RouteAsync))] = Read(Readers),

        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.CreateAsync))] = Change(Nobody),
        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.PublishAsync))] = Change(Nobody),
        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.RemoveAsync))] = Change(Nobody),
        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.RecordSpecializationAsync))] = Change(Nobody),
        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.GetSnapshotAsync))] = Read(Everybody),
        // It ends an activation that does not know the version asked for, as one that was left behind.
        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.GetHistoryUpToAsync))] = Read(Nobody),
        [(typeof(IExpertModuleGrain), nameof(IExpertModuleGrain.GetHistoryAsync))] = Read(Everybody),

        // A node speaks for itself; the coordinator refuses who does not take part in the round.
        [(typeof(IMergeCoordinatorGrain), nameof(IMergeCoordinatorGrain.OpenRoundAsync))] = Change(Nobody),
        [(typeof(IMergeCoordinatorGrain), nameof(IMergeCoordinatorGrain.RemoveAsync))] = Change(Nobody),
        [(typeof(IMergeCoordinatorGrain), nameof(IMergeCoordinatorGrain.SubmitAsync))] = new(
            Nodes,
            Changes: true,
            argument => (argument(0) as DeltaSubmission)?.NodeId
        ),
        [(typeof(IMergeCoordinatorGrain), nameof(IMergeCoordinatorGrain.WithdrawAsync))] = new(
            Nodes,
            Changes: true,
            argument => argument(2) as string
        ),
        [(typeof(IMergeCoordinatorGrain), nameof(IMergeCoordinatorGrain.GetRoundAsync))] = Read(Everybody),

        [(typeof(INodeDirectoryGrain), nameof(INodeDirectoryGrain.OfferAsync))] = Change(Nobody),
        [(typeof(INodeDirectoryGrain), nameof(INodeDirectoryGrain.ListAsync))] = Read(Readers),

        [(typeof(INodeGrain), nameof(INodeGrain.StartLocalUpdateAsync))] = Change(Nobody),
        [(typeof(INodeGrain), nameof(INodeGrain.RemoveAsync))] = Change(Nobody),
        [(typeof(INodeGrain), nameof(INodeGrain.GetLocalUpdateAsync))] = Read(Readers),
        [(typeof(INodeGrain), nameof(INodeGrain.ProbeAsync))] = Read(Nobody),
    };

    /// <summary>
    /// What an Orleans client itself asks silos for, by the interfaces' names since they are not public: what the
    /// cluster holds, and that a call be cancelled.
    /// </summary>
    private static readonly string[] OfEveryClient =
    [
        "Orleans.Runtime.IClusterManifestSystemTarget",
        "Orleans.Runtime.IGrainCallCancellationExtension",
        "Orleans.Runtime.ICancellationSourcesExtension",
    ];

    /// <summary>The rule of a method; null when the table has none, which refuses it.</summary>
    public static AccessRule? RuleOf(MethodInfo method)
    {
        var contract = method.DeclaringType!;
        if (Rows.TryGetValue((contract, method.Name), out var rule))
            return rule;
        return OfEveryClient.Contains(contract.FullName) ? Read(Everybody) : null;
    }

    private static AccessRule Change(AccessRole[] roles) => new(roles, Changes: true);

    private static AccessRule Read(AccessRole[] roles) => new(roles, Changes: false);
}

/// <summary>Whether a client may make a call. Pure.</summary>
internal static class AccessRules
{
    /// <summary>Why a call is refused; null when it may be made.</summary>
    /// <param name="caller">Who makes it.</param>
    /// <param name="call">The call, for the message.</param>
    /// <param name="rule">Its row; null for none.</param>
    /// <param name="argument">Its arguments.</param>
    public static string? ProblemOf(CallerIdentity caller, string call, AccessRule? rule, Func<int, object?> argument)
    {
        if (rule is null || rule.Roles.Count == 0)
            return $"{call} is for the cluster's silos alone; {caller} may not call it";
        if (!rule.Roles.Contains(caller.Role))
            return $"{call} needs the role {string.Join(" or ", rule.Roles.Select(AccessRoles.NameOf))}; "
                + $"{caller} may not call it";
        if (rule.NodeOf is null || caller.Role != AccessRole.Node)
            return null;
        string node = rule.NodeOf(argument) ?? "";
        return IsNode(caller.Name, node)
            ? null
            : $"{call} for node {OneLine.Of(node)} is that node's own call; {caller} may not make it";
    }

    /// <summary>
    /// What is wrong with a grain's key that a client chose; null when the grain may have it. Keys reach logs, tables
    /// and terminals, and each makes a grain.
    /// </summary>
    public static string? KeyProblem(string call, string key)
    {
        if (key.Length > OneLine.MaxCharacters)
            return $"{call}: a key has at most {OneLine.MaxCharacters} characters, not {key.Length}";
        return OneLine.IsPlain(key) ? null : $"{call}: the key '{OneLine.Of(key)}' has control characters";
    }

    /// <summary>
    /// Whether a certificate's name is a node's: its whole id, or what is left of <c>library/node@device</c> without
    /// library and device.
    /// </summary>
    public static bool IsNode(string name, string nodeId)
    {
        string own = nodeId[(nodeId.LastIndexOf('/') + 1)..];
        int at = own.LastIndexOf('@');
        return name == nodeId
            || name == (at >= 0 && DeviceKinds.Known.Names.Contains(own[(at + 1)..]) ? own[..at] : own);
    }
}

/// <summary>Who may make a call.</summary>
/// <param name="Roles">Clients that may; silos may everything.</param>
/// <param name="Changes">Whether it changes something, and is therefore recorded.</param>
/// <param name="NodeOf">For calls that a node makes for itself: the node that the arguments name.</param>
internal sealed record AccessRule(
    IReadOnlyList<AccessRole> Roles,
    bool Changes,
    Func<Func<int, object?>, string?>? NodeOf = null
);

/// <summary>
/// What somebody is to the cluster. A certificate names it as its organizational unit, an API key in its line.
/// </summary>
public enum AccessRole
{
    /// <summary>May look at everything and ask for predictions; changes nothing.</summary>
    Reader = 0,

    /// <summary>
    /// A machine that trains outside the silos: sends its own updates, and reads what it needs for them.
    /// </summary>
    Node = 1,

    /// <summary>A person or program that starts and stops runs.</summary>
    Operator = 2,

    /// <summary>A silo: part of the cluster, trusted with all of it. No client may have it.</summary>
    Silo = 3,
}

/// <summary>The roles' names, as certificates, files and messages have them.</summary>
public static class AccessRoles
{
    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<AccessRole>().Select(NameOf)];

    /// <summary>A role's name.</summary>
    public static string NameOf(AccessRole role) =>
        role switch
        {
            AccessRole.Reader => "reader",
            AccessRole.Node => "node",
            AccessRole.Operator => "operator",
            AccessRole.Silo => "silo",
            _ => throw new ArgumentOutOfRangeException(nameof(role), role, "There is no such role."),
        };

    /// <summary>The role of a name; null for a word that is none. Exact: names are written by programs.</summary>
    public static AccessRole? Of(string name) =>
        Enum.GetValues<AccessRole>()
            .Where(role => NameOf(role) == name)
            .Select(role => (AccessRole?)role)
            .FirstOrDefault();
}
