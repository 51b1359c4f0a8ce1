namespace Dmkd.Grains.Security;

/// <summary>Who somebody is.</summary>
/// <param name="Name">The certificate's common name, or the API key's name.</param>
/// <param name="Role">What they are to the cluster.</param>
public sealed record CallerIdentity(string Name, AccessRole Role)
{
    /// <summary>Most characters of a name; what X.509 gives a common name.</summary>
    public const int MaxCharacters = 64;

    /// <summary>What is wrong with a name; null when it may be given.</summary>
    public static string? ProblemOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or > MaxCharacters) return $"a name has 1 to {MaxCharacters} characters, not {name.Length}";
        char bad = name.FirstOrDefault(letter => !(char.IsAsciiLetterOrDigit(letter) || "._-@".Contains(letter, StringComparison.Ordinal)));
        return bad == default ? null : $"a name is made of letters, digits and . _ - @, not '{bad}'";
    }

    /// <summary>For messages.</summary>
    public override string ToString() => $"{AccessRoles.NameOf(Role)} {Name}";
}
