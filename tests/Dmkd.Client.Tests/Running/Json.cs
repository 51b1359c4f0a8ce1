using System.Text.Json;

namespace Dmkd.Client.Tests.Running;

/// <summary>Reads what <c>--json</c> prints.</summary>
internal static class Json
{
    /// <summary>The fields of a result that depend on nothing but the settings: no times, no id.</summary>
    private static readonly string[] Reproducible =
    [
        "method",
        "data",
        "tasks",
        "nodes",
        "seed",
        "accuracyMatrix",
        "finalAccuracy",
        "taskIncrementalAccuracy",
        "macroF1",
        "forgetting",
        "taskDetectionRate",
        "bytesUp",
        "bytesDown",
        "denseBytes",
    ];

    /// <summary>Parses a text that is exactly one document.</summary>
    public static JsonElement Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>Names of an object's fields.</summary>
    public static string[] Names(this JsonElement element) =>
        [.. element.EnumerateObject().Select(field => field.Name)];

    /// <summary>The reproducible fields of a run and of its baselines, as text to compare.</summary>
    public static string[] Numbers(this JsonElement run) =>
        [.. new[] { run }.Concat(run.GetProperty("baselines").EnumerateArray()).SelectMany(NumbersOfRow)];

    /// <summary>The reproducible fields of a run without those of its baselines.</summary>
    public static string[] OwnNumbers(this JsonElement run) => [.. NumbersOfRow(run)];

    private static IEnumerable<string> NumbersOfRow(JsonElement row) =>
        Reproducible.Select(name => $"{name}: {JsonSerializer.Serialize(row.GetProperty(name))}");
}
