using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Dmkd.Contracts.Runs;

/// <summary>
/// Events as JSON: the facts, and <c>kind</c> with the name of the type. A kind that is not known is read as an
/// <see cref="UnknownEvent"/>, so that an older program can still read a newer one's runs.
/// </summary>
public sealed class RunEventConverter : JsonConverter<RunEvent>
{
    private const string Kind = "kind";

    private static readonly Dictionary<string, Type> Kinds = typeof(RunEvent)
        .Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(RunEvent)))
        .ToDictionary(type => type.Name, StringComparer.Ordinal);

    /// <summary>All kinds.</summary>
    public static IReadOnlyCollection<Type> Types => Kinds.Values;

    /// <inheritdoc/>
    public override RunEvent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var content = JsonNode.Parse(ref reader)!.AsObject();
        string kind = content[Kind]!.GetValue<string>();
        if (!Kinds.TryGetValue(kind, out var type) || type == typeof(UnknownEvent))
            return Unknown(content, kind);
        content.Remove(Kind);
        return (RunEvent)content.Deserialize(type, options)!;
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, RunEvent value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        var content = JsonSerializer.SerializeToNode(value, value.GetType(), options)!.AsObject();
        content[Kind] = value is UnknownEvent unknown ? unknown.Kind : value.GetType().Name;
        content.WriteTo(writer, options);
    }

    private static UnknownEvent Unknown(JsonObject content, string kind) =>
        new(kind)
        {
            Sequence = content["sequence"]?.GetValue<long>() ?? 0,
            At = content["at"]?.GetValue<DateTimeOffset>() ?? default,
        };
}
