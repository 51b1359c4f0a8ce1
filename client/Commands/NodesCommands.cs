using System.CommandLine;
using System.Globalization;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Runs;
using Dmkd.Experiments.Protocol;

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

    /// <summary>The place in its run of a node that leaves or joins.</summary>
    /// <exception cref="BadInputException">There is no such node, or the run is over.</exception>
    public static async Task<int> IndexOfAsync(FoundRun run, string name, CancellationToken cancellationToken)
    {
        int index = IndexOf(run, name);
        var look = await run.ProgressAsync(long.MaxValue, cancellationToken);
        return look.Phase is RunPhase.Completed
            ? throw new BadInputException($"Run '{run.RunId}' is completed: it asks no node any more.")
            : index;
    }

    private static int IndexOf(FoundRun run, string name)
    {
        string digits = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;
        return
            int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number >= 1
            && number <= run.Settings.Participation.Nodes
            ? number - 1
            : throw new BadInputException(
                $"Run '{run.RunId}' has nodes {Prefix}1 to {Prefix}{run.Settings.Participation.Nodes}, not '{name}'."
            );
    }
}

/// <summary><c>dmkd nodes list</c>: where a run's nodes are and what they are at.</summary>
internal sealed class NodesListCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Option<string> _run = NodesCommand.RunOption();

    public NodesListCommand()
        : base("list", "List a run's nodes: silo, device, state, last merge, merges missed")
    {
        Options.Add(_run);
        _common.AddTo(this);
        _common.ActOnRun(this, parsed => parsed.GetValue(_run)!, ListAsync);
    }

    private async Task ListAsync(ParseResult parsed, FoundRun run, CancellationToken cancellationToken)
    {
        var nodes = await Retried.AskAsync(() => run.Grain.ListNodesAsync(cancellationToken), cancellationToken);
        RunNodeDocument[] documents = [.. nodes.Select(RunNodeDocument.Of)];
        if (_common.Json(parsed))
            JsonOutput.Write(documents);
        else
            Consoles.Create(json: false).Write(RunStatusTables.Nodes(documents));
    }
}

/// <summary><c>dmkd nodes join</c>: a node that has left is asked again from the next round on.</summary>
internal sealed class NodesJoinCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Option<string> _run = NodesCommand.RunOption();
    private readonly Argument<string> _node = NodesCommand.NameArgument();

    public NodesJoinCommand()
        : base("join", "Ask a node that has left again, from the next round on")
    {
        Arguments.Add(_node);
        Options.Add(_run);
        _common.AddTo(this);
        _common.ActOnRun(this, parsed => parsed.GetValue(_run)!, JoinAsync);
    }

    private async Task JoinAsync(ParseResult parsed, FoundRun run, CancellationToken cancellationToken)
    {
        int index = await NodesCommand.IndexOfAsync(run, parsed.GetValue(_node)!, cancellationToken);
        await Retried.DoAsync(() => run.Grain.JoinAsync(index, cancellationToken), cancellationToken);
        var nodes = await Retried.AskAsync(() => run.Grain.ListNodesAsync(cancellationToken), cancellationToken);
        var document = RunNodeDocument.Of(nodes[index]);
        await JsonOutput.AnswerAsync(
            _common.Json(parsed),
            document,
            $"{document.Node} is asked from the next round on"
        );
    }
}

/// <summary><c>dmkd nodes drain</c>: a node finishes its local update, sends it, and is not asked any more.</summary>
internal sealed class NodesDrainCommand : Command
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(500);
    private readonly CommonOptions _common = new();
    private readonly Option<string> _run = NodesCommand.RunOption();
    private readonly Argument<string> _node = NodesCommand.NameArgument();
    private readonly Option<bool> _noWait = new("--no-wait")
    {
        Description = "Do not wait until the node's local update is sent",
    };

    public NodesDrainCommand()
        : base("drain", "Let a node finish and send its local update, and do not ask it any more")
    {
        Arguments.Add(_node);
        Options.Add(_run);
        Options.Add(_noWait);
        _common.AddTo(this);
        _common.ActOnRun(this, parsed => parsed.GetValue(_run)!, DrainAsync);
    }

    private async Task DrainAsync(ParseResult parsed, FoundRun run, CancellationToken cancellationToken)
    {
        int index = await NodesCommand.IndexOfAsync(run, parsed.GetValue(_node)!, cancellationToken);
        await Retried.DoAsync(() => run.Grain.LeaveAsync(index, cancellationToken), cancellationToken);
        var node = await LookAsync(run, index, cancellationToken);
        long since = TimeProvider.System.GetTimestamp();
        while (node.State is RunNodeState.Leaving && !parsed.GetValue(_noWait))
        {
            if (TimeProvider.System.GetElapsedTime(since) > run.Settings.Participation.RoundDeadline)
                throw new RunFailedException(
                    $"{node.NodeId} has not sent its local update within "
                        + $"{run.Settings.Participation.RoundDeadline}, the longest that a round waits; it is not asked "
                        + $"any more all the same."
                );
            await Task.Delay(LookPeriod, TimeProvider.System, cancellationToken);
            node = await LookAsync(run, index, cancellationToken);
        }

        var document = RunNodeDocument.Of(node);
        await JsonOutput.AnswerAsync(
            _common.Json(parsed),
            document,
            node.State is RunNodeState.Leaving
                ? $"{document.Node} finishes its local update and is not asked any more"
                : $"{document.Node} has left; it returns with: nodes join --run {run.RunId} {document.Node} "
                    + $"{_common.PlaceOptions(parsed)}"
        );
    }

    private static async Task<RunNode> LookAsync(FoundRun run, int index, CancellationToken cancellationToken) =>
        (await Retried.AskAsync(() => run.Grain.ListNodesAsync(cancellationToken), cancellationToken))[index];
}
