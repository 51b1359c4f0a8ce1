using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dmkd.Contracts.Settings.Images;

namespace Dmkd.Contracts.Settings;

/// <summary>
/// A part of <see cref="RunSettings"/> whose fields lie beside those of the others in JSON: documents and stored state
/// are older than sections.
/// </summary>
public interface IFlatSection;

/// <summary>
/// Writes and reads settings without their sections. A field that a document lacks has its default; one that nobody
/// knows is passed over.
/// </summary>
internal sealed class RunSettingsJson : JsonConverter<RunSettings>
{
    /// <summary>
    /// Fields in the order of the first documents; new ones follow them. Cells of experiments are named by a digest of
    /// this text, so that another order would measure all of them again.
    /// </summary>
    private static readonly string[] FirstFields =
    [
        "Data",
        "Tasks",
        "Nodes",
        "Rounds",
        "Epochs",
        "MergeEvery",
        "Rank",
        "Alpha",
        "Routing",
        "Dirichlet",
        "Seed",
        "LegacyTasks",
        "LegacyEpochs",
        "DistillationEpochs",
        "Lambda",
        "BatchSize",
        "LearningRate",
        "Widths",
        "CalibrationPerClass",
        "RoundDeadline",
        "Quorum",
        "MergeRule",
        "Compressor",
        "HalfPrecision",
        "ErrorFeedback",
        "OuterLearningRate",
        "OuterMomentum",
        "MaxDrop",
        "Holders",
        "Participation",
        "ShortestWait",
        "WaitSpread",
        "OwnFirstWeights",
        "Alignment",
        "ReestimateBatchNorm",
        "Exemplars",
        "Calibration",
        "StartFrom",
        "UnknownOutput",
        ImageSettingNames.AllViewsField,
        "Device",
        "ExpertsOf",
    ];

    private static readonly Field[] Fields =
    [
        .. FieldsOf(typeof(RunSettings), null).OrderBy(field => PlaceOf(field.Name)),
    ];

    public override RunSettings Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("Settings of a run are an object.");
        var settings = new RunSettings { Data = null! };
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string name = reader.GetString()!;
            var field = Array.Find(Fields, known => IsNamed(known, name, options));
            reader.Read();
            if (field is null)
                reader.Skip();
            else
                field.Set(settings, JsonSerializer.Deserialize(ref reader, field.Property.PropertyType, options));
        }

        return settings.Data is null ? throw new JsonException("Settings of a run name their data.") : settings;
    }

    public override void Write(Utf8JsonWriter writer, RunSettings value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var field in Fields)
        {
            object? content = field.Get(value);
            if (
                content is null
                && (field.IsLeftOutWhenNull || options.DefaultIgnoreCondition is JsonIgnoreCondition.WhenWritingNull)
            )
                continue;
            writer.WritePropertyName(NameIn(field, options));
            JsonSerializer.Serialize(writer, content, field.Property.PropertyType, options);
        }

        writer.WriteEndObject();
    }

    private static IEnumerable<Field> FieldsOf(Type type, PropertyInfo? section)
    {
        foreach (var property in type.GetProperties().Where(property => property.SetMethod is not null))
        {
            if (property.PropertyType.IsAssignableTo(typeof(IFlatSection)))
            {
                foreach (var field in FieldsOf(property.PropertyType, property))
                    yield return field;
            }
            else
            {
                yield return new Field(property, section);
            }
        }
    }

    private static int PlaceOf(string name)
    {
        int place = Array.IndexOf(FirstFields, name);
        return place < 0 ? FirstFields.Length : place;
    }

    private static bool IsNamed(Field field, string name, JsonSerializerOptions options)
    {
        var comparison = options.PropertyNameCaseInsensitive
            ? StringComparison.OrdinalIgnoreCase
            : StringComparison.Ordinal;
        return string.Equals(NameIn(field, options), name, comparison);
    }

    private static string NameIn(Field field, JsonSerializerOptions options) =>
        options.PropertyNamingPolicy?.ConvertName(field.Name) ?? field.Name;

    private sealed record Field(PropertyInfo Property, PropertyInfo? Section)
    {
        public string Name { get; } = Property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? Property.Name;

        public bool IsLeftOutWhenNull { get; } =
            Property.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition is JsonIgnoreCondition.WhenWritingNull;

        public object? Get(RunSettings settings) => Property.GetValue(OwnerIn(settings));

        /// <summary>The settings are new, and nobody else has seen them or their sections.</summary>
        public void Set(RunSettings settings, object? value) => Property.SetValue(OwnerIn(settings), value);

        private object OwnerIn(RunSettings settings) => Section is null ? settings : Section.GetValue(settings)!;
    }
}
