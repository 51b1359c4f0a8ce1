using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dmkd.Experiments.Plans;
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

/// <summary>What a folder of results holds so far.</summary>
public sealed class ExperimentResults
{
    private ExperimentResults(
        ExperimentManifest manifest,
        IReadOnlyList<ResultRow> rows,
        IReadOnlyList<CellFailure> failures,
        int missing
    )
    {
        Manifest = manifest;
        Rows = rows;
        Failures = failures;
        Missing = missing;
    }

    /// <summary>What the folder is about.</summary>
    public ExperimentManifest Manifest { get; }

    /// <summary>
    /// Finished places, those of the search for learning rates among them, in the order of the experiment.
    /// </summary>
    public IReadOnlyList<ResultRow> Rows { get; }

    /// <summary>Cells that failed and were not measured since.</summary>
    public IReadOnlyList<CellFailure> Failures { get; }

    /// <summary>Places whose cell is not finished, failures among them.</summary>
    public int Missing { get; }

    /// <summary>Reads a folder.</summary>
    /// <exception cref="PlanException">It holds no results, or damaged ones.</exception>
    public static ExperimentResults Load(string folder)
    {
        var manifest =
            ExperimentManifest.Find(folder)
            ?? throw new PlanException(
                $"{folder} holds no results: it has no {ExperimentManifest.FileName}. Name the folder that `dmkd experiment run` wrote."
            );
        var store = new CellStore(folder);
        ResultRow[] rows =
        [
            .. from place in manifest.Entries
            let document = store.FindFinished(place.Digest)
            where document is not null
            select new ResultRow(place, document),
        ];
        string[] missing =
        [
            .. manifest.Entries.Select(place => place.Digest).Except(rows.Select(row => row.Place.Digest)),
        ];
        CellFailure[] failures = [.. missing.Select(store.FindFailed).OfType<CellFailure>()];
        return new ExperimentResults(manifest, rows, failures, manifest.Entries.Count - rows.Length);
    }

    /// <summary>The rows of a method as it stands in the file, by ascending seed.</summary>
    public IReadOnlyList<ResultRow> RowsOf(string dataset, string label) => RowsOf(dataset, label, null, null);

    /// <summary>The rows of a method with a parameter of a value, by ascending seed.</summary>
    public IReadOnlyList<ResultRow> RowsOf(string dataset, string label, string? parameter, string? value) =>
        [
            .. Rows.Where(row =>
                    row.Place.Stage is CellStage.Measure
                    && row.Place.Dataset == dataset
                    && row.Place.Label == label
                    && row.Place.Parameter == parameter
                    && row.Place.Value == value
                )
                .OrderBy(row => row.Place.Seed),
        ];

    /// <summary>Labels that have rows on a data set, the reference first.</summary>
    public IReadOnlyList<string> LabelsOf(string dataset) =>
        [
            .. Manifest
                .Methods.Where(label => RowsOf(dataset, label).Count > 0)
                .OrderBy(label => label == Manifest.Reference ? 0 : 1),
        ];

    /// <summary>A measure of some rows over their seeds.</summary>
    internal static SampleSummary Summarise(IReadOnlyList<ResultRow> rows, Measure measure) =>
        SampleSummary.Of([.. rows.Select(row => measure.Of(row.Document))]);

    /// <summary>
    /// Compares a method with the reference, over the seeds that both have; null for the reference itself and without
    /// such seeds.
    /// </summary>
    internal PairedTest? AgainstReference(string dataset, string label, Measure measure)
    {
        if (label == Manifest.Reference)
            return null;
        var pairs = RowsOf(dataset, label)
            .Join(
                RowsOf(dataset, Manifest.Reference),
                row => row.Place.Seed,
                row => row.Place.Seed,
                (own, reference) => (Own: measure.Of(own.Document), Reference: measure.Of(reference.Document))
            )
            .ToArray();
        return PairedTest.Of([.. pairs.Select(pair => pair.Own)], [.. pairs.Select(pair => pair.Reference)]);
    }
}

/// <summary>A finished cell at a place of an experiment.</summary>
/// <param name="Place">The place.</param>
/// <param name="Document">What was measured.</param>
public sealed record ResultRow(ManifestEntry Place, CellDocument Document);

/// <summary>A cell that failed.</summary>
/// <param name="Cell">Its name.</param>
/// <param name="Error">Why.</param>
public sealed record FailedCell(string Cell, string Error);
