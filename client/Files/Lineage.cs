using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Dmkd.Contracts.Experts;
using Dmkd.Core.Models;
using Dmkd.Grains.Experts;

namespace Dmkd.Client.Files;

/// <summary>
/// What a written weight file says about itself, in safetensors' <c>__metadata__</c>: texts by key, keys stable and
/// documented in
/// docs/concepts/library.md. A value that there is none of is left out.
/// </summary>
internal static class Lineage
{
    private static readonly JsonSerializerOptions ListJson = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

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
            new("dmkd.architecture", architecture),
            new("dmkd.digest", digest),
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
            ("dmkd.digest", version.Digest),
            ("dmkd.version.parent_digest", version.ParentDigest),
            ("dmkd.architecture", module.Architecture),
            ("dmkd.classes", JsonSerializer.Serialize(module.Classes, ListJson)),
            ("dmkd.class_names", JsonSerializer.Serialize(module.ClassNames, ListJson)),
            ("dmkd.role", module.Role.ToString().ToLowerInvariant()),
            ("dmkd.normalisation", module.Normalisation),
            ("dmkd.rotation_labelled", LabelsTellViews(module) ? "true" : "false"),
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

    private static bool LabelsTellViews(ModuleDescriptor module) =>
        module.ReadSignature().LabelSpace != ModuleSignature.PlainLabels;

    private static string? Text(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture);
}
