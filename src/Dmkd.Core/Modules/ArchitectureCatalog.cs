namespace Dmkd.Core.Modules;

/// <summary>Reads architectures from their text form.</summary>
public static class ArchitectureCatalog
{
    /// <summary>Names of the known families.</summary>
    public static IReadOnlyList<string> Families { get; } = [ConvNetArchitecture.FamilyName];

    /// <summary>Reads what <see cref="object.ToString"/> of an architecture wrote, such as <c>convnet(3x32x32;24-48-48-48;8)</c>.</summary>
    /// <exception cref="FormatException">Unknown family or malformed text; the message names it.</exception>
    public static NetworkArchitecture Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int open = text.IndexOf('(', StringComparison.Ordinal);
        string family = open < 0 ? text : text[..open];
        if (family != ConvNetArchitecture.FamilyName)
            throw new FormatException($"Unknown architecture family '{family}' in '{text}'; known: {string.Join(", ", Families)}.");
        return ConvNetArchitecture.Parse(text);
    }
}
