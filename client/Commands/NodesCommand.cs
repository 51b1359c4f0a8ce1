using System.CommandLine;
using System.Globalization;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Runs;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd nodes</c>: the nodes of a run.</summary>
internal sealed class NodesCommand : Command
{
    private const string Prefix = "node-";

    public NodesCommand()
        : base("nodes", "List the nodes of a run; take one out, and back in")
    {
        Subcommands.Add(new NodesListCommand());
        Subcommands.Add(new NodesDrainCommand());
        Subcommands.Add(new NodesJoinCommand());
    }

    /// <summary>The option that all subcommands have.</summary>
    public static Option<string> RunOption() => new("--run") { Description = "Id of the run", Required = true };

    /// <summary>The argument of those that take one node.</summary>
    public static Argument<string> NameArgument() => new("node") { Description = "Name of the node, such as node-1" };

    /// <summary>The run whose node leaves or joins, and the node's place in it.</summary>
    /// <exception cref="BadInputException">There is no such run or node, or the run is over.</exception>
    public static async Task<(FoundRun Run, int Node)> FindAsync(IGrainFactory grains, string runId, string name, string place, CancellationToken cancellationToken)
    {
        var run = await FoundRun.OfAsync(grains, runId, place, cancellationToken);
        int node = IndexOf(run, name);
        return (await run.ProgressAsync(long.MaxValue, cancellationToken)).Phase is RunPhase.Completed
            ? throw new BadInputException($"Run '{runId}' is completed: it asks no node any more.")
            : (run, node);
    }

    private static int IndexOf(FoundRun run, string name)
    {
        string digits = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 && number <= run.Settings.Participation.Nodes
            ? number - 1
            : throw new BadInputException($"Run '{run.RunId}' has nodes {Prefix}1 to {Prefix}{run.Settings.Participation.Nodes}, not '{name}'.");
    }
}
