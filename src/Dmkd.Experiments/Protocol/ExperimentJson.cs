using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dmkd.Experiments.Protocol;

/// <summary>How results are written as JSON: the names and forms of <c>run --json</c>.</summary>
internal static class ExperimentJson
{
    /// <summary>For files that people look at.</summary>
    public static JsonSerializerOptions Indented { get; } = Make(indented: true);

    /// <summary>For files with one document per line.</summary>
    public static JsonSerializerOptions Line { get; } = Make(indented: false);

    private static JsonSerializerOptions Make(bool indented) =>
        new(JsonSerializerDefaults.Web)
        {
            WriteIndented = indented,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // no web page: names stay readable
            NumberHandling =
                JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        };
}
