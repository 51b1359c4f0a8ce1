using System.Globalization;
using Dmkd.Experiments;
using Spectre.Console;
using static Dmkd.Client.Display.Figures;

namespace Dmkd.Client.Display;

/// <summary>The tables at the end of a run.</summary>
internal static class RunTables
{
    /// <summary>Accuracy over the tasks seen so far, after each task, for every method.</summary>
    public static Table AfterEachTask(IReadOnlyList<MethodResult> methods)
    {
        var table = new Table().Title("Accuracy on all tasks seen so far").AddColumn("task");
        foreach (var method in methods)
        {
            table.AddColumn(new TableColumn($"{Heading(method)}\nclass-incremental").RightAligned());
            table.AddColumn(new TableColumn($"{Heading(method)}\ntask-incremental").RightAligned());
        }

        for (int task = 0; task < methods[0].ClassIncremental.Length; task++)
        {
            int row = task;
            table.AddRow([
                (task + 1).ToString(CultureInfo.InvariantCulture),
                .. methods.SelectMany(method => (string[])[Percent(method.ClassIncremental[row].Average()), Percent(method.TaskIncremental[row].Average())]),
            ]);
        }

        return table;
    }

    /// <summary>One column per method, one row per measure.</summary>
    public static Table Summary(IReadOnlyList<MethodResult> methods, double? legacyAccuracy)
    {
        var table = new Table().Title("At the end").AddColumn("");
        foreach (var method in methods) table.AddColumn(new TableColumn(Heading(method)).RightAligned());
        Add("accuracy, class-incremental", method => Percent(method.FinalAccuracy));
        Add("accuracy, task-incremental", method => Percent(method.TaskIncrementalAccuracy));
        Add("macro-F1", method => method.MacroF1.ToString("F3", CultureInfo.InvariantCulture));
        Add("forgetting", method => Percent(method.Forgetting));
        Add("right task recognised", method => Percent(method.TaskDetectionRate));
        Add("parameters", method => Count(method.Parameters));
        Add("sent by nodes", method => method.DenseBytes == 0 ? "-" : Megabytes(method.BytesUp));
        Add("  of that for routing", method => method.DenseBytes == 0 ? "-" : Megabytes(method.RoutingBytes));
        Add("  updates as dense fp32", method => method.DenseBytes == 0 ? "-" : $"{Megabytes(method.DenseBytes)} ({(double)method.DenseBytes / (method.BytesUp - method.RoutingBytes):F1} times)");
        Add("fetched by nodes", method => method.DenseBytes == 0 ? "-" : Megabytes(method.BytesDown));
        Add("device seconds", method => Seconds(method.DeviceSeconds));
        Add("wall seconds", method => Seconds(method.WallSeconds));
        if (legacyAccuracy is { } accuracy) table.Caption($"The legacy model: {Percent(accuracy)} on its own classes.");
        return table;

        void Add(string name, Func<MethodResult, string> value) => table.AddRow([name, .. methods.Select(value)]);
    }

    /// <summary>A name of two words takes two lines, so that the tables keep to 100 columns.</summary>
    private static string Heading(MethodResult method) => method.Method.Replace("sequential-fine-tuning", "sequential\nfine-tuning", StringComparison.Ordinal);

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F2} MB");

    private static string Seconds(double seconds) => seconds.ToString("F0", CultureInfo.InvariantCulture);
}
