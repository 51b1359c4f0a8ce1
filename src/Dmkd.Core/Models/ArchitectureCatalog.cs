namespace Dmkd.Core.Models;

/// <summary>Reads an architecture from its text form; every family has one, called by the family's name.</summary>
/// <param name="text">Such as <c>mlp(3x32x32;512-256;10)</c>.</param>
public delegate NetworkArchitecture ArchitectureReader(string text);

/// <summary>A usual network for colour images, called by its name on command lines.</summary>
/// <param name="outputs">Outputs, at least 1.</param>
/// <param name="imageSize">Height and width of the images.</param>
public delegate NetworkArchitecture UsualArchitecture(int outputs, int imageSize);

/// <summary>Reads architectures from their text form and knows the usual ones by name.</summary>
public static class ArchitectureCatalog
{
    /// <summary>
    /// Networks for images up to this size start without the strides and pooling meant for photographs.
    /// </summary>
    internal const int MaxSmallImage = 64;

    /// <summary>The families.</summary>
    public static Registry<ArchitectureReader> Families { get; } = new("architecture family");

    /// <summary>The usual networks.</summary>
    public static Registry<UsualArchitecture> Usual { get; } = new("architecture");

    /// <summary>Names that <see cref="Named"/> knows, for command lines.</summary>
    public static IReadOnlyList<string> Names => Usual.Names;

    /// <summary>
    /// Reads what <see cref="object.ToString"/> of an architecture wrote, such as
    /// <c>convnet(3x32x32;24-48-48-48;8)</c>.
    /// </summary>
    /// <exception cref="FormatException">Unknown family or malformed text; the message names it.</exception>
    public static NetworkArchitecture Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int open = text.IndexOf('(', StringComparison.Ordinal);
        string family = open < 0 ? text : text[..open];
        if (open < 0 || !Families.Names.Contains(family))
            throw new FormatException(
                $"Unknown architecture family '{family}' in '{text}'; known: {string.Join(", ", Families.Names)}."
            );
        return Families.Find(family)(text);
    }

    /// <summary>A usual network for colour images.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="outputs">Outputs, at least 1.</param>
    /// <param name="imageSize">Height and width of the images.</param>
    /// <exception cref="ArgumentException">Unknown name; the message lists the known ones.</exception>
    public static NetworkArchitecture Named(string name, int outputs, int imageSize = 32) =>
        Usual.Find(name)(outputs, imageSize);
}
