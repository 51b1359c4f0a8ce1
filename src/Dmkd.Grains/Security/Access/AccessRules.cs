using Dmkd.Core.Devices;

namespace Dmkd.Grains.Security.Access;

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
        if (rule is null || rule.Roles.Count == 0) return $"{call} is for the cluster's silos alone; {caller} may not call it";
        if (!rule.Roles.Contains(caller.Role)) return $"{call} needs the role {string.Join(" or ", rule.Roles.Select(AccessRoles.NameOf))}; {caller} may not call it";
        if (rule.NodeOf is null || caller.Role != AccessRole.Node) return null;
        string node = rule.NodeOf(argument) ?? "";
        return IsNode(caller.Name, node) ? null : $"{call} for node {node} is that node's own call; {caller} may not make it";
    }

    /// <summary>Whether a certificate's name is a node's: its whole id, or what is left of <c>library/node@device</c> without library and device.</summary>
    public static bool IsNode(string name, string nodeId)
    {
        string own = nodeId[(nodeId.LastIndexOf('/') + 1)..];
        int at = own.LastIndexOf('@');
        return name == nodeId || name == (at >= 0 && DeviceKinds.Known.Names.Contains(own[(at + 1)..]) ? own[..at] : own);
    }
}
