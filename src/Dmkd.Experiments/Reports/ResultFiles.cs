using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Experiments.Reports;

/// <summary>
/// The rows of an experiment as files for other programs: CSV and one JSON document per line. Columns have the names of
/// the fields.
/// </summary>
internal static class ResultFiles
{
    /// <summary>Fields that are not part of a cell's document: what its place in the experiment is.</summary>
    private static readonly string[] PlaceFields = ["label", "parameter", "value"];

    /// <summary>Fields of the document with a column of their own; what is nested in it gets a path.</summary>
    private static readonly string[] Columns =
    [
        "cell",
        "stage",
        "dataset",
        "method",
        "methodParameters",
        "seed",
        "data",
        "tasks",
        "nodes",
        "finalAccuracy",
        "taskIncrementalAccuracy",
        "macroF1",
        "forgetting",
        "taskDetectionRate",
        "bytesUp",
        "bytesDown",
        "denseBytes",
        "parameters",
        "macsPerInput",
        "exemplars",
        "expertsOf",
        "deviceSeconds",
        "wallSeconds",
        "watts",
        "energyWattHours",
        "settings.rounds",
        "settings.epochs",
        "settings.batchSize",
        "startedAt",
        "finishedAt",
        "versions.program",
        "versions.commit",
        "versions.dotNet",
        "versions.torchSharp",
        "versions.orleans",
        "machine.os",
        "machine.cores",
        "machine.processor",
        "machine.memoryBytes",
        "machine.device",
    ];

    /// <summary>The rows as CSV (RFC 4180, lines end with a line feed), without the matrices.</summary>
    public static string Csv(IEnumerable<ResultRow> rows)
    {
        var text = new StringBuilder().AppendJoin(',', PlaceFields.Concat(Columns)).Append('\n');
        foreach (var row in rows)
        {
            var document = Document(row);
            text.AppendJoin(',', PlaceFields.Concat(Columns).Select(path => Quote(TextAt(document, path))))
                .Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The rows as JSON, one document per line.</summary>
    public static string JsonLines(IEnumerable<ResultRow> rows) =>
        string.Concat(rows.Select(row => Document(row).ToJsonString(ExperimentJson.Line) + "\n"));

    private static JsonObject Document(ResultRow row)
    {
        var document = new JsonObject
        {
            ["label"] = row.Place.Label,
            ["parameter"] = row.Place.Parameter,
            ["value"] = row.Place.Value,
        };
        foreach (
            var (name, value) in JsonSerializer.SerializeToNode(row.Document, ExperimentJson.Line)!.AsObject().ToArray()
        )
            document[name] = value?.DeepClone();
        return document;
    }

    private static string TextAt(JsonObject document, string path)
    {
        JsonNode? node = document;
        foreach (string step in path.Split('.'))
            node = node?[step];
        return node switch
        {
            null => "",
            JsonObject pairs => string.Join(
                ';',
                pairs.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key}={pair.Value}"))
            ),
            JsonValue value when value.TryGetValue(out string? text) => text,
            _ => node.ToJsonString(),
        };
    }

    private static string Quote(string text) =>
        text.AsSpan().IndexOfAny(",\"\n\r") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>
/// Writes the report of a folder of results: <c>results.csv</c>, <c>results.jsonl</c> and <c>report.html</c>.
/// </summary>
public static class ExperimentReport
{
    /// <summary>Writes the files, replacing older ones.</summary>
    /// <param name="results">What the folder holds.</param>
    /// <param name="folder">The folder.</param>
    /// <returns>Their paths.</returns>
    public static IReadOnlyList<string> Write(ExperimentResults results, string folder)
    {
        ArgumentNullException.ThrowIfNull(results);
        (string Name, string Text)[] files =
        [
            ("results.csv", ResultFiles.Csv(results.Rows)),
            ("results.jsonl", ResultFiles.JsonLines(results.Rows)),
            ("report.html", HtmlReport.Write(results)),
        ];
        foreach (var (name, text) in files)
            AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(Encoding.UTF8.GetBytes(text)));
        return [.. files.Select(file => Path.Combine(folder, file.Name))];
    }
}
