using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Dmkd.Contracts.Experts;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Grains.Experts;
using Dmkd.Serving;

namespace Dmkd.Client.Files;

/// <summary>
/// What a written weight file says about itself, in safetensors' <c>__metadata__</c>: texts by key, keys stable and
/// documented in docs/concepts/library.md. A value that there is none of is left out.
/// </summary>
internal static class Lineage
{
    private static readonly JsonSerializerOptions ListJson = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Key of the text form of the architecture.</summary>
    public const string Architecture = "dmkd.architecture";

    private const string Digest = "dmkd.digest",
        Classes = "dmkd.classes",
        ClassNames = "dmkd.class_names",
        Normalisation = "dmkd.normalisation",
        TellsViews = "dmkd.rotation_labelled";

    /// <summary>
    /// The framework whose tensors these are, the one key that other readers look at (<c>safetensors.torch</c>,
    /// transformers).
    /// </summary>
    public static KeyValuePair<string, string> Format { get; } = new("format", "pt");

    /// <summary>The lineage of a converted checkpoint.</summary>
    /// <param name="architecture">Text form of the architecture.</param>
    /// <param name="digest">Digest of the weights.</param>
    /// <param name="source">Name of the file they were read from, without its folder.</param>
    /// <param name="sourceFormat">Format of that file.</param>
    /// <param name="sourceDigest">SHA-256 of that file.</param>
    public static Dictionary<string, string> OfCheckpoint(
        string architecture,
        string digest,
        string source,
        string sourceFormat,
        string sourceDigest
    ) =>
        new([
            Format,
            new(Architecture, architecture),
            new(Digest, digest),
            new("dmkd.source.file", source),
            new("dmkd.source.format", sourceFormat),
            new("dmkd.source.digest", sourceDigest),
        ]);

    /// <summary>The lineage of a version of an expert.</summary>
    public static Dictionary<string, string> OfModule(ModuleDescriptor module, ModuleVersion version)
    {
        var from = module.Lineage;
        (string Key, string? Value)[] values =
        [
            ("dmkd.library", module.Library),
            ("dmkd.module", module.Name),
            ("dmkd.version", Text(version.Number)),
            (Digest, version.Digest),
            ("dmkd.version.parent_digest", version.ParentDigest),
            (Architecture, module.Architecture),
            (Classes, JsonSerializer.Serialize(module.Classes, ListJson)),
            (ClassNames, JsonSerializer.Serialize(module.ClassNames, ListJson)),
            ("dmkd.role", module.Role.ToString().ToLowerInvariant()),
            (Normalisation, module.Normalisation),
            (TellsViews, LabelsTellViews(module) ? "true" : "false"),
            ("dmkd.origin", from.Origin.ToString().ToLowerInvariant()),
            ("dmkd.run", from.RunId),
            ("dmkd.legacy.digest", from.LegacyDigest),
            ("dmkd.legacy.alpha", Text(from.LegacyFraction)),
            ("dmkd.legacy.cluster", Text(from.Cluster)),
            ("dmkd.legacy.importance_share", Text(from.ImportanceShare)),
            ("dmkd.parent.module", from.Parent),
            ("dmkd.parent.digest", from.ParentDigest),
        ];
        return new(
            values
                .Where(pair => pair.Value is not null)
                .Select(pair => KeyValuePair.Create(pair.Key, pair.Value!))
                .Prepend(Format)
        );
    }

    /// <summary>What a file that was written says of itself; null when it says nothing.</summary>
    public static IReadOnlyDictionary<string, string>? In(string path)
    {
        try
        {
            using var file = SafeTensorsReader.Read(path);
            return file.Metadata.ContainsKey(Architecture) ? file.Metadata : null;
        }
        catch (CheckpointFormatException)
        {
            return null; // of another format, which has no such texts
        }
    }

    /// <summary>The member that an exported module was.</summary>
    /// <param name="texts">What the file says.</param>
    /// <param name="bytes">Size of its weights.</param>
    /// <returns>The member; null when the file is of no module.</returns>
    /// <exception cref="FormatException">The texts contradict each other.</exception>
    /// <exception cref="JsonException">Its classes are no lists.</exception>
    public static LibraryMember? ModuleIn(IReadOnlyDictionary<string, string> texts, long bytes)
    {
        if (!texts.TryGetValue(ClassNames, out string? names) || !texts.TryGetValue(Classes, out string? classes))
            return null;
        var plain = ModalityCatalog.SignatureOf(texts[Architecture], ModuleSignature.PlainLabels);
        bool tellsViews = texts.GetValueOrDefault(TellsViews) == "true";
        var module = new LibraryMember
        {
            Library = texts.GetValueOrDefault("dmkd.library", ""),
            Name = texts.GetValueOrDefault("dmkd.module", ""),
            Architecture = texts[Architecture],
            Classes = JsonSerializer.Deserialize<int[]>(classes) ?? [],
            ClassNames = JsonSerializer.Deserialize<string[]>(names) ?? [],
            Signature = plain with
            {
                LabelSpace = tellsViews ? ModalityCatalog.Of(plain).ExpertLabels : plain.LabelSpace,
            },
            Normalisation = texts.GetValueOrDefault(Normalisation, "standard"),
            Digest = texts.GetValueOrDefault(Digest, ""),
            Bytes = bytes,
        };
        return LibraryRules.ProblemOf(module) is { } problem ? throw new FormatException(problem) : module;
    }

    private static bool LabelsTellViews(ModuleDescriptor module) =>
        module.ReadSignature().LabelSpace != ModuleSignature.PlainLabels;

    private static string? Text(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture);
}
