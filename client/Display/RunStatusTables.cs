using System.Globalization;
using Dmkd.Contracts.Runs;
using Spectre.Console;
using static Dmkd.Client.Display.Figures;

namespace Dmkd.Client.Display;

/// <summary>The tables of runs and their nodes.</summary>
internal static class RunStatusTables
{
    /// <summary>One row per run.</summary>
    public static Table List(IEnumerable<RunStatusDocument> runs)
    {
        var table = new Table().AddColumns("run", "data", "state", "phase", "task", "round", "began");
        table.Columns[0].NoWrap(); // ids are copied
        foreach (var run in runs)
            table.AddRow(Markup.Escape(run.RunId), Markup.Escape(run.Data), run.State, run.Phase, Of(run.Task, run.Tasks), Of(run.Round, run.Rounds), Time(run.StartedAt));
        return table;
    }

    /// <summary>One row per fact about a run.</summary>
    public static Table Show(RunStatusDocument run)
    {
        var table = new Table().HideHeaders().AddColumns("", "").Title(Markup.Escape(run.RunId));
        table.AddRow("state", run.State).AddRow("phase", run.Phase);
        table.AddRow("task", Of(run.Task, run.Tasks)).AddRow("round", Of(run.Round, run.Rounds)).AddRow("of the task", Percent(run.TaskProgress ?? 0, 0));
        table.AddRow("data", Markup.Escape(run.Data)).AddRow("nodes", Count(run.Nodes ?? 0)).AddRow("began", Time(run.StartedAt));
        if (run.Error is { } error) table.AddRow("error", Markup.Escape(error));
        return table;
    }

    /// <summary>One row per node.</summary>
    public static Table Nodes(IEnumerable<RunNodeDocument> nodes)
    {
        var table = new Table().AddColumns("node", "state", "silo", "device", "last merge", "missed", "problem");
        foreach (var node in nodes)
        {
            string state = node.State == RunNodeDocument.NameOf(RunNodeState.Working) ? $"{node.State} {Percent(node.Progress, 0)}" : node.State;
            table.AddRow(
                node.Node, state, node.Silo ?? "-", node.Device ?? "-", node.LastTask is null ? "-" : $"task {node.LastTask}, round {node.LastRound}", Count(node.Missed),
                Markup.Escape(node.Problem ?? ""));
        }

        return table;
    }

    private static string Of(int? number, int? of) => number is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{number}/{of}");

    private static string Time(DateTimeOffset? at) => at?.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "-";
}
