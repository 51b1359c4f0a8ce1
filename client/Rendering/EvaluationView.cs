using System.Globalization;
using System.Text.Json.Serialization;
using Dmkd.Core.Training;
using Dmkd.Data.Images;
using Spectre.Console;
using static Dmkd.Client.Rendering.Figures;

namespace Dmkd.Client.Rendering;

/// <summary>What <c>evaluate</c> found, as <c>--json</c> prints it. Field names are stable.</summary>
internal sealed record EvaluationDocument
{
    /// <summary>Test images told right.</summary>
    public required long Correct { get; init; }

    /// <summary>Test images.</summary>
    public required long Total { get; init; }

    /// <summary>Share told right, in [0, 1].</summary>
    public required double Accuracy { get; init; }

    /// <summary>Mean F1 over the classes that have test images, in [0, 1].</summary>
    public required double MacroF1 { get; init; }

    /// <summary>Each class, in the data set's order.</summary>
    public required ClassResult[] Classes { get; init; }

    /// <summary>The module that was asked by itself; null for a library or a checkpoint.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Module { get; init; }

    /// <summary>Test images of classes that the module does not know; null for a library or a checkpoint.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? LeftOut { get; init; }

    /// <summary>Counts answers.</summary>
    /// <param name="dataset">What was asked about.</param>
    /// <param name="answers">The class answered for each test image, or
    /// <see cref="ConfusionMatrix.NoPrediction"/>.</param>
    public static EvaluationDocument Of(ImageDataset dataset, IReadOnlyList<int> answers)
    {
        var matrix = new ConfusionMatrix(dataset.ClassNames.Count);
        for (int i = 0; i < answers.Count; i++)
            matrix.Add(dataset.Test.Labels[i], answers[i]);
        var classes = dataset
            .ClassNames.Select((_, label) => ClassResult.Of(matrix, dataset.ClassNames, label))
            .ToArray();
        return new EvaluationDocument
        {
            Correct = classes.Sum(entry => entry.Correct),
            Total = matrix.Total,
            Accuracy = matrix.Accuracy,
            MacroF1 = matrix.MacroF1,
            Classes = classes,
        };
    }
}

/// <summary>How one class is told. Field names are stable.</summary>
internal sealed record ClassResult
{
    private const string Other = "(other)";

    /// <summary>Its name.</summary>
    public required string Class { get; init; }

    /// <summary>Its test images that are told right.</summary>
    public required long Correct { get; init; }

    /// <summary>Its test images.</summary>
    public required long Total { get; init; }

    /// <summary>Share told right, in [0, 1]; null without test images.</summary>
    public required double? Accuracy { get; init; }

    /// <summary>
    /// Row of the confusion matrix: what its images were taken for, by class; classes that none was taken for are left
    /// out. <c>(other)</c> is a class that the data set does not have.
    /// </summary>
    public required OrderedDictionary<string, long> Predicted { get; init; }

    /// <summary>The class that most of its images were wrongly taken for; null when none was.</summary>
    internal KeyValuePair<string, long>? Worst =>
        Predicted
            .Where(entry => entry.Key != Class)
            .OrderByDescending(entry => entry.Value)
            .Select(entry => (KeyValuePair<string, long>?)entry)
            .FirstOrDefault();

    public static ClassResult Of(ConfusionMatrix matrix, IReadOnlyList<string> names, int label)
    {
        var predicted = new OrderedDictionary<string, long>(StringComparer.Ordinal);
        for (int answer = 0; answer < names.Count; answer++)
        {
            if (matrix[label, answer] is > 0 and var count)
                predicted[names[answer]] = count;
        }

        if (matrix[label, ConfusionMatrix.NoPrediction] is > 0 and var others)
            predicted[Other] = others;
        long total = predicted.Values.Sum();
        return new ClassResult
        {
            Class = names[label],
            Correct = matrix[label, label],
            Total = total,
            Accuracy = total == 0 ? null : (double)matrix[label, label] / total,
            Predicted = predicted,
        };
    }
}

/// <summary>The tables of <c>evaluate</c>.</summary>
internal static class EvaluationTables
{
    private const int MaxMatrix = 10; // more columns do not fit the width
    private const int MaxClasses = 40;
    private const int NameWidth = 12;

    /// <summary>One row per class, the worst told first when there are many.</summary>
    public static Table Classes(EvaluationDocument result)
    {
        var shown = result.Classes.AsEnumerable();
        var table = new Table().AddColumns("class", "images", "right", "most often taken for");
        if (result.Classes.Length > MaxClasses)
        {
            shown = result.Classes.OrderBy(entry => entry.Accuracy ?? 2).Take(MaxClasses);
            table.Caption($"The {MaxClasses} of {result.Classes.Length} classes told worst; --json has all.");
        }

        foreach (var entry in shown)
            table.AddRow(
                Markup.Escape(entry.Class),
                Count(entry.Total),
                entry.Accuracy is { } accuracy ? Percent(accuracy) : "-",
                entry.Worst is { } worst ? Markup.Escape($"{worst.Key} ({worst.Value})") : "-"
            );
        return table;
    }

    /// <summary>The confusion matrix, or null when it has too many columns for a console.</summary>
    public static Table? Confusion(EvaluationDocument result)
    {
        if (result.Classes.Length > MaxMatrix)
            return null;
        var table = new Table().Title("Images of a class (row) by the class answered (column)").AddColumn("");
        for (int i = 0; i < result.Classes.Length; i++)
            table.AddColumn(new TableColumn((i + 1).ToString(CultureInfo.InvariantCulture)).RightAligned());
        foreach (var (place, entry) in result.Classes.Index())
            table.AddRow([
                Markup.Escape(Shortened($"{place + 1} {entry.Class}")),
                .. result.Classes.Select(other => Number(entry.Predicted.GetValueOrDefault(other.Class))),
            ]);
        return table;
    }

    private static string Number(long count) => count == 0 ? "" : count.ToString(CultureInfo.InvariantCulture);

    private static string Shortened(string name) => name.Length <= NameWidth + 3 ? name : $"{name[..(NameWidth + 2)]}…";
}
