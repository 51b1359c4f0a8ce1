using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;

namespace Dmkd.Serving;

/// <summary>
/// The form of <c>library.json</c>. Names of fields are stable; a change of meaning is a new schema version.
/// </summary>
internal sealed record LibraryDocument
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "library.json";

    /// <summary>The schema that is written and read.</summary>
    public const int CurrentSchema = 1;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // names of classes stay readable
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    public required int SchemaVersion { get; init; }

    public required string Library { get; init; }

    /// <summary>Classes of all experts, by index.</summary>
    public required ClassEntry[] Classes { get; init; }

    public required MemberEntry[] Members { get; init; }

    public GateEntry? Gate { get; init; }

    public static LibraryDocument Of(LibraryManifest library)
    {
        var classes = new SortedDictionary<int, string>();
        foreach (var expert in library.Experts)
            for (int c = 0; c < expert.Classes.Length; c++)
                classes[expert.Classes[c]] = expert.ClassNames[c];
        return new LibraryDocument
        {
            SchemaVersion = CurrentSchema,
            Library = library.Name,
            Classes = [.. classes.Select(pair => new ClassEntry(pair.Key, pair.Value))],
            Members = [.. library.Members.Select(MemberEntry.Of)],
            Gate = library.Fitted is { } fitted ? GateEntry.Of(fitted) : null,
        };
    }

    /// <exception cref="JsonException">The bytes are no such document; the message goes on after the file's
    /// name.</exception>
    public static LibraryDocument Parse(byte[] content)
    {
        if (content.AsSpan().Trim(" \r\n\t"u8).IsEmpty)
            throw new JsonException("is empty.");
        try
        {
            using var whole = JsonDocument.Parse(content);
        }
        catch (JsonException e)
        {
            throw new JsonException($"is cut off or no JSON (line {e.LineNumber + 1}).", e);
        }

        try
        {
            return JsonSerializer.Deserialize<LibraryDocument>(content, Options)
                ?? throw new JsonException("cannot be read: it is null.");
        }
        catch (JsonException e) when (e.Path is not null)
        {
            throw new JsonException($"cannot be read: {ProblemOf(e)}", e);
        }
    }

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Options);

    /// <summary>All files that it names.</summary>
    public IEnumerable<FileEntry> Files()
    {
        foreach (var member in Members)
            yield return member.Weights;
        if (Gate is not null)
            yield return Gate.Parameters;
    }

    public LibraryManifest ToManifest() =>
        new(Library, [.. Members.Select(member => member.ToMember(Library))], Gate?.ToFitted());

    /// <summary>What the reader of JSON says, without the names of its types.</summary>
    private static string ProblemOf(JsonException error)
    {
        const string including = "including: ";
        int lacking = error.Message.IndexOf(including, StringComparison.Ordinal);
        if (lacking < 0)
            return $"the value at {error.Path} is of another kind, or null (line {error.LineNumber + 1}).";
        string names = error.Message[(lacking + including.Length)..].Split(". ", 2)[0].TrimEnd('.');
        return $"{error.Path} lacks {names}.";
    }

    /// <summary>A class.</summary>
    public sealed record ClassEntry(int Index, string Name);

    /// <summary>A file of the folder.</summary>
    public sealed record FileEntry(string File, string Digest, long Bytes);

    /// <summary>What a member takes.</summary>
    public sealed record InputEntry(string Name, string DataType, int[] Shape);

    /// <summary>Entropy statistics.</summary>
    public sealed record EntropyEntry(int Version, double Sum, long Count, double Mean);

    /// <summary>A member.</summary>
    public sealed record MemberEntry
    {
        public required string Name { get; init; }

        public required MemberRole Role { get; init; }

        public required string Architecture { get; init; }

        /// <summary>As the architecture takes it, for readers of the file.</summary>
        public InputEntry? Input { get; init; }

        public required int[] Classes { get; init; }

        public required string[] ClassNames { get; init; }

        /// <summary>What its outputs mean; files from before signatures lack it.</summary>
        public string? LabelSpace { get; init; }

        /// <summary>Whether there are outputs for each view of a class, for readers from before signatures.</summary>
        [JsonPropertyName("rotationLabelled")]
        public required bool TellsViews { get; init; }

        public required string Normalisation { get; init; }

        public required int Version { get; init; }

        public required FileEntry Weights { get; init; }

        public EntropyEntry? Entropy { get; init; }

        public Dictionary<string, string> Lineage { get; init; } = [];

        public static MemberEntry Of(LibraryMember member) =>
            new()
            {
                Name = member.Name,
                Role = member.Role,
                Architecture = member.Architecture,
                Input = new InputEntry(member.Input.Name, member.Input.DataType, [.. member.Input.Shape]),
                Classes = member.Classes,
                ClassNames = member.ClassNames,
                LabelSpace = member.Signature.LabelSpace,
                TellsViews = member.Signature.LabelSpace != ModuleSignature.PlainLabels,
                Normalisation = member.Normalisation,
                Version = member.Version,
                Weights = new FileEntry($"{member.Name}.safetensors", member.Digest, member.Bytes),
                Entropy = member.Entropy is { } known
                    ? new EntropyEntry(known.Version, known.Sum, known.Count, member.MeanEntropy)
                    : null,
                Lineage = new Dictionary<string, string>(member.Lineage),
            };

        /// <summary>Null where the architecture is none: who checks the member says so.</summary>
        private ModuleSignature? SignatureOf()
        {
            try
            {
                var plain = ModalityCatalog.SignatureOf(Architecture, ModuleSignature.PlainLabels);
                string older = TellsViews ? ModalityCatalog.Of(plain).ExpertLabels : plain.LabelSpace;
                return plain with { LabelSpace = LabelSpace ?? older };
            }
            catch (FormatException)
            {
                return null;
            }
        }

        public LibraryMember ToMember(string library) =>
            new()
            {
                Library = library,
                Name = Name,
                Role = Role,
                Architecture = Architecture,
                Classes = Classes,
                ClassNames = ClassNames,
                Signature = SignatureOf(),
                Normalisation = Normalisation,
                Version = Version,
                Digest = Weights.Digest,
                Bytes = Weights.Bytes,
                Entropy = Entropy is { } known ? new MemberEntropy(known.Version, known.Sum, known.Count) : null,
                Lineage = Lineage,
            };
    }

    /// <summary>The fitted gate.</summary>
    public sealed record GateEntry
    {
        /// <summary>Name of the file of its parameters; no member may have it.</summary>
        public const string FileName = "gate.fit.safetensors";

        public required int Version { get; init; }

        public required RoutingPlan Routing { get; init; }

        public required string[] Modules { get; init; }

        public required int Exemplars { get; init; }

        public required FileEntry Parameters { get; init; }

        public static GateEntry Of(FittedRouting fitted) =>
            new()
            {
                Version = fitted.Version,
                Routing = fitted.Plan,
                Modules = [.. fitted.Modules],
                Exemplars = fitted.Exemplars,
                Parameters = new FileEntry(FileName, fitted.Digest, fitted.Bytes),
            };

        public FittedRouting ToFitted() =>
            new(Version, Routing, Modules, Parameters.Digest, Parameters.Bytes, Exemplars);
    }
}
