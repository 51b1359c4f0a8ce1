using System.Globalization;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Libraries;
using Spectre.Console;
using static Dmkd.Client.Rendering.Figures;

namespace Dmkd.Client.Rendering;

/// <summary>What <c>library list</c> and <c>library show</c> print: a library that parties grow.</summary>
internal sealed record LibraryStatus
{
    public required string Library { get; init; }

    /// <summary>Where its last lesson is, such as completed; created before the first.</summary>
    public required string State { get; init; }

    /// <summary>Its experts, in the order of their lessons, that of the lesson under way included.</summary>
    public required IReadOnlyList<LibraryExpert> Experts { get; init; }

    /// <summary>The nodes that have taught it.</summary>
    public required IReadOnlyList<LibraryNode> Nodes { get; init; }

    /// <summary>Right answers to all held-out examples of the nodes asked, after the last lesson; null before one.</summary>
    public double? Accuracy { get; init; }

    public static async Task<LibraryStatus> OfAsync(
        IStateReader reader,
        string name,
        RunSettings settings,
        CancellationToken cancellationToken
    )
    {
        var plan = settings.Library!;
        var look = await reader.GetProgressAsync(name, long.MaxValue, cancellationToken);
        var modules = await reader.ListModulesAsync(name, cancellationToken);
        var accuracies = (await reader.GetReportAsync(name, cancellationToken))?.NodeAccuracies ?? [];
        long count = accuracies.Sum(one => one.Count);
        return new LibraryStatus
        {
            Library = name,
            State = RunStates.Of(look),
            Experts =
            [
                .. plan.Tasks.Select((task, index) => LibraryExpert.Of(task, plan, modules.ElementAtOrDefault(index))),
            ],
            Nodes = [.. plan.Nodes.Select((node, index) => LibraryNode.Of(node, index, plan, accuracies))],
            Accuracy = count == 0 ? null : (double)accuracies.Sum(one => one.Right) / count,
        };
    }
}

/// <summary>An expert of a library: what it knows, and from whom.</summary>
internal sealed record LibraryExpert(
    string? Module,
    int? Version,
    IReadOnlyList<string> Classes,
    IReadOnlyList<string> Nodes,
    long Examples
)
{
    public static LibraryExpert Of(LearnedTask task, LibraryPlan plan, ModuleSnapshot? module) =>
        new(
            module?.Descriptor.Name,
            module?.Current.Number,
            task.Classes,
            [.. task.Nodes.Select(node => plan.Nodes[node])],
            task.Examples
        );
}

/// <summary>A node that has taught a library.</summary>
internal sealed record LibraryNode(string Node, IReadOnlyList<string> Classes, double? Accuracy, long HeldOut)
{
    public static LibraryNode Of(string name, int index, LibraryPlan plan, NodeAccuracy[] accuracies)
    {
        var taught = plan.Tasks.Where(task => task.Nodes.Contains(index)).SelectMany(task => task.Classes);
        var own = accuracies.FirstOrDefault(one => one.Node == name);
        double? accuracy = own is null || own.Count == 0 ? null : (double)own.Right / own.Count;
        return new LibraryNode(name, [.. taught], accuracy, own?.Count ?? 0);
    }
}

/// <summary>The tables of libraries that parties grow.</summary>
internal static class LibraryTables
{
    /// <summary>One row per library.</summary>
    public static Table List(IEnumerable<LibraryStatus> libraries)
    {
        var table = new Table().AddColumns("library", "state", "experts", "classes", "nodes", "accuracy");
        table.Columns[0].NoWrap(); // names are copied
        foreach (var library in libraries)
            table.AddRow(
                Markup.Escape(library.Library),
                library.State,
                Count(library.Experts.Count),
                Count(library.Experts.Sum(expert => expert.Classes.Count)),
                Count(library.Nodes.Count),
                Share(library.Accuracy)
            );
        return table;
    }

    /// <summary>One row per expert, and one per node.</summary>
    public static void Show(IAnsiConsole console, LibraryStatus library)
    {
        var experts = new Table().Title(Markup.Escape($"{library.Library}: {library.State}"));
        experts.AddColumns("expert", "version", "classes", "taught by", "examples");
        foreach (var expert in library.Experts)
            experts.AddRow(
                Markup.Escape(expert.Module ?? "to come"),
                expert.Version is { } version ? Count(version) : "",
                Markup.Escape(string.Join(", ", expert.Classes)),
                Markup.Escape(string.Join(", ", expert.Nodes)),
                Count(expert.Examples)
            );
        console.Write(experts);
        console.Write(Accuracies(library.Nodes, library.Accuracy));
    }

    /// <summary>One row per node, and one for all of them.</summary>
    public static Table Accuracies(IReadOnlyList<LibraryNode> nodes, double? together)
    {
        var table = new Table().AddColumns("node", "held out", "accuracy");
        foreach (var node in nodes)
            table.AddRow(Markup.Escape(node.Node), Count(node.HeldOut), Share(node.Accuracy));
        return table.AddRow("together", Count(nodes.Sum(node => node.HeldOut)), Share(together));
    }

    private static string Share(double? accuracy) =>
        accuracy is { } known ? known.ToString("P1", CultureInfo.InvariantCulture) : "-";
}

/// <summary>Shows a lesson to a person.</summary>
/// <param name="json">Whether standard output belongs to a document, so that everything goes to standard error.</param>
internal sealed class LessonView(bool json)
{
    private readonly IAnsiConsole _console = Consoles.Create(json);

    /// <summary>Says what begins.</summary>
    public void Begin(string library, Lesson lesson, LibraryPlan plan, int before)
    {
        string what = Markup.Escape(string.Join(", ", lesson.Classes));
        if (before > 0)
        {
            _console.WriteWhole($"[bold]{library}[/]: {what} wait for {before} lessons before them");
            return;
        }

        var task = plan.Tasks[^1];
        string from = Markup.Escape(string.Join(", ", task.Nodes.Select(node => plan.Nodes[node])));
        _console.WriteWhole(
            $"[bold]{library}[/] learns {what} from {from}: {Count(task.Examples)} training examples, which stay where they are"
        );
    }

    /// <summary>Prints what each node's held-out examples say.</summary>
    public void End(RunReport report)
    {
        var document = DocumentOf(report);
        _console.WriteLine();
        _console.Write(LibraryTables.Accuracies(document.Nodes, document.Accuracy));
        _console.WriteWhole(
            $"[grey]next: dmkd library show {report.Library}, dmkd predict --library {report.Library} IMAGE[/]"
        );
    }

    /// <summary>The document that <c>learn --json</c> prints.</summary>
    public static LessonDocument DocumentOf(RunReport report)
    {
        var plan = report.Settings.Library!;
        long count = report.NodeAccuracies.Sum(one => one.Count);
        return new LessonDocument(
            report.Library,
            report.Settings.Library!.Tasks[^1].Classes,
            [.. plan.Nodes.Select((node, index) => LibraryNode.Of(node, index, plan, report.NodeAccuracies))],
            count == 0 ? null : (double)report.NodeAccuracies.Sum(one => one.Right) / count,
            report.BytesUp,
            report.BytesDown
        );
    }
}

/// <summary>What <c>learn --json</c> prints.</summary>
internal sealed record LessonDocument(
    string Library,
    IReadOnlyList<string> Learned,
    IReadOnlyList<LibraryNode> Nodes,
    double? Accuracy,
    long BytesUp,
    long BytesDown
);
