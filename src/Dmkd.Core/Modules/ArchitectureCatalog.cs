namespace Dmkd.Core.Modules;

/// <summary>Reads architectures from their text form and knows the usual ones by name.</summary>
public static class ArchitectureCatalog
{
    /// <summary>Networks for images up to this size start without the strides and pooling meant for photographs.</summary>
    internal const int LargestSmallImage = 64;

    private static readonly Dictionary<string, Func<string, NetworkArchitecture>> Parsers = new(StringComparer.Ordinal)
    {
        [ConvNetArchitecture.FamilyName] = ConvNetArchitecture.Parse,
        [CifarResNetArchitecture.FamilyName] = CifarResNetArchitecture.Parse,
        [MlpArchitecture.FamilyName] = MlpArchitecture.Parse,
        [TorchvisionResNetArchitecture.FamilyName] = TorchvisionResNetArchitecture.Parse,
        [VggArchitecture.FamilyName] = VggArchitecture.Parse,
        [VisionTransformerArchitecture.FamilyName] = VisionTransformerArchitecture.Parse,
    };

    private static readonly Dictionary<string, Func<int, int, NetworkArchitecture>> ByName = new(StringComparer.Ordinal)
    {
        ["mlp"] = (outputs, size) => new MlpArchitecture(3, size, [512, 256], outputs),
        ["convnet"] = (outputs, size) => new ConvNetArchitecture(3, size, [24, 48, 48, 48], outputs),
        ["resnet20"] = CifarResNet(20, ResNetShortcut.ZeroPadded),
        ["resnet20-b"] = CifarResNet(20, ResNetShortcut.Projected),
        ["resnet32"] = CifarResNet(32, ResNetShortcut.ZeroPadded),
        ["resnet32-b"] = CifarResNet(32, ResNetShortcut.Projected),
        ["resnet44"] = CifarResNet(44, ResNetShortcut.ZeroPadded),
        ["resnet44-b"] = CifarResNet(44, ResNetShortcut.Projected),
        ["resnet56"] = CifarResNet(56, ResNetShortcut.ZeroPadded),
        ["resnet56-b"] = CifarResNet(56, ResNetShortcut.Projected),
        ["resnet18"] = (outputs, size) => TorchvisionResNetArchitecture.OfDepth(18, size, outputs),
        ["resnet34"] = (outputs, size) => TorchvisionResNetArchitecture.OfDepth(34, size, outputs),
        ["resnet50"] = (outputs, size) => TorchvisionResNetArchitecture.OfDepth(50, size, outputs),
        ["vgg11-bn"] = (outputs, size) => VggArchitecture.OfDepth(11, size, outputs),
        ["vgg13-bn"] = (outputs, size) => VggArchitecture.OfDepth(13, size, outputs),
        ["vgg16-bn"] = (outputs, size) => VggArchitecture.OfDepth(16, size, outputs),
        ["vit-tiny"] = (outputs, size) => VisionTransformerArchitecture.Tiny(size, outputs),
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
