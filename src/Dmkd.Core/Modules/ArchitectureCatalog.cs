namespace Dmkd.Core.Modules;

/// <summary>Reads architectures from their text form and knows the usual ones by name.</summary>
public static class ArchitectureCatalog
{
    private static readonly Dictionary<string, Func<string, NetworkArchitecture>> Parsers = new(StringComparer.Ordinal)
    {
        [ConvNetArchitecture.FamilyName] = ConvNetArchitecture.Parse,
        [CifarResNetArchitecture.FamilyName] = CifarResNetArchitecture.Parse,
    };

    private static readonly Dictionary<string, Func<int, int, NetworkArchitecture>> ByName = new(StringComparer.Ordinal)
    {
        ["convnet"] = (outputs, size) => new ConvNetArchitecture(3, size, [24, 48, 48, 48], outputs),
        ["resnet20"] = CifarResNet(20, ResNetShortcut.ZeroPadded),
        ["resnet20-b"] = CifarResNet(20, ResNetShortcut.Projected),
        ["resnet32"] = CifarResNet(32, ResNetShortcut.ZeroPadded),
        ["resnet32-b"] = CifarResNet(32, ResNetShortcut.Projected),
        ["resnet44"] = CifarResNet(44, ResNetShortcut.ZeroPadded),
        ["resnet44-b"] = CifarResNet(44, ResNetShortcut.Projected),
        ["resnet56"] = CifarResNet(56, ResNetShortcut.ZeroPadded),
        ["resnet56-b"] = CifarResNet(56, ResNetShortcut.Projected),
    };

    /// <summary>Names of the known families.</summary>
    public static IReadOnlyList<string> Families { get; } = [.. Parsers.Keys];

    /// <summary>Names that <see cref="Named"/> knows, for command lines.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. ByName.Keys];

    /// <summary>Reads what <see cref="object.ToString"/> of an architecture wrote, such as <c>convnet(3x32x32;24-48-48-48;8)</c>.</summary>
    /// <exception cref="FormatException">Unknown family or malformed text; the message names it.</exception>
    public static NetworkArchitecture Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int open = text.IndexOf('(', StringComparison.Ordinal);
        string family = open < 0 ? text : text[..open];
        if (open < 0 || !Parsers.TryGetValue(family, out var parse))
            throw new FormatException($"Unknown architecture family '{family}' in '{text}'; known: {string.Join(", ", Families)}.");
        return parse(text);
    }

    /// <summary>A usual network for colour images.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="outputs">Outputs, at least 1.</param>
    /// <param name="imageSize">Height and width of the images.</param>
    /// <exception cref="ArgumentException">Unknown name; the message lists the known ones.</exception>
    public static NetworkArchitecture Named(string name, int outputs, int imageSize = 32)
    {
        ArgumentNullException.ThrowIfNull(name);
        return ByName.TryGetValue(name, out var make)
            ? make(outputs, imageSize)
            : throw new ArgumentException($"There is no architecture named '{name}'; there are: {string.Join(", ", Names)}.", nameof(name));
    }

    private static Func<int, int, NetworkArchitecture> CifarResNet(int depth, ResNetShortcut shortcut) =>
        (outputs, size) => CifarResNetArchitecture.OfDepth(depth, shortcut, size, outputs);
}
