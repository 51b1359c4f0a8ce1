namespace Dmkd.Grains.Security;

/// <summary>The roles' names, as certificates, files and messages have them.</summary>
public static class AccessRoles
{
    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<AccessRole>().Select(NameOf)];

    /// <summary>A role's name.</summary>
    public static string NameOf(AccessRole role) => role switch
    {
        AccessRole.Reader => "reader",
        AccessRole.Node => "node",
        AccessRole.Operator => "operator",
        AccessRole.Silo => "silo",
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "There is no such role."),
    };

    /// <summary>The role of a name; null for a word that is none. Exact: names are written by programs.</summary>
    public static AccessRole? Of(string name) => Enum.GetValues<AccessRole>().Where(role => NameOf(role) == name).Select(role => (AccessRole?)role).FirstOrDefault();
}
