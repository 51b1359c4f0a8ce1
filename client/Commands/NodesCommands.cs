using System.CommandLine;
using System.Globalization;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Experiments.Protocol;
using Dmkd.Grains.Libraries;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd nodes</c>: the nodes of a run.</summary>
internal sealed class NodesCommand : Command
{
    public NodesCommand()
        : base("nodes", "List the nodes that parties offer, or those of a run; take one out of a run, and back in")
    {
        Subcommands.Add(new NodesOfferedCommand());
        Subcommands.Add(new NodesListCommand());
        Subcommands.Add(new NodesDrainCommand());
        Subcommands.Add(new NodesJoinCommand());
    }

    /// <summary>The option that all subcommands have.</summary>
    public static Option<string> RunOption() => new("--run") { Description = "Id of the run", Required = true };
}

/// <summary>What names one node of a run.</summary>
internal sealed class NodeArguments
{
    private const string Prefix = "node-";

    private readonly Option<string> _run = NodesCommand.RunOption();
    private readonly Argument<string> _node = new("node") { Description = "Name of the node, such as node-1" };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Arguments.Add(_node);
        command.Options.Add(_run);
    }

    /// <summary>The run whose node leaves or joins, and the node's place in it.</summary>
    /// <exception cref="BadInputException">There is no such run or node, or the run is over.</exception>
    public async Task<(FoundRun Run, int Node)> FindAsync(
        ParseResult parsed,
        CommonOptions common,
        IStateReader reader,
        CancellationToken cancellationToken
    )
    {
        var run = await common.FindRunAsync(parsed, reader, parsed.GetValue(_run)!, cancellationToken);
        int node = IndexOf(run, parsed.GetValue(_node)!);
        return (await run.ProgressAsync(long.MaxValue, cancellationToken)).Phase is RunPhase.Completed
            ? throw new BadInputException($"Run '{run.RunId}' is completed: it asks no node any more.")
            : (run, node);
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

/// <summary><c>dmkd nodes offered</c>: the nodes that parties offer, and what each has told of itself.</summary>
internal sealed class NodesOfferedCommand : Command
{
    private readonly CommonOptions _common = new();

    public NodesOfferedCommand()
        : base("offered", "List the nodes that parties offer: here or away, device, classes with their counts")
    {
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var directory = cluster.Grains.GetGrain<INodeDirectoryGrain>(INodeDirectoryGrain.Key);
        var nodes = await Retried.AskAsync(() => directory.ListAsync(cancellationToken), cancellationToken);
        OfferedNodeDocument[] documents = [.. nodes.Select(OfferedNodeDocument.Of)];
        if (_common.Json(parsed))
            JsonOutput.Write(documents);
        else if (documents.Length == 0)
            await Console.Out.WriteLineAsync(
                $"Nobody has offered a node in {_common.Place(parsed)} yet: a silo offers one by Dmkd:Nodes:0:Name and :Data."
            );
        else
            Consoles.Create(json: false).Write(RunStatusTables.Offered(documents));
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd nodes list</c>: where a run's nodes are and what they are at.</summary>
internal sealed class NodesListCommand : Command, IWithoutTensors
{
    private readonly CommonOptions _common = new();
    private readonly Option<string> _run = NodesCommand.RunOption();

    public NodesListCommand()
        : base("list", "List a run's nodes: silo, device, state, last merge, merges missed")
    {
        Options.Add(_run);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var look = await _common.LookAtWorkAsync(parsed, cancellationToken);
        var run = await _common.FindRunAsync(parsed, look.Reader, parsed.GetValue(_run)!, cancellationToken);
        var nodes = await look.Reader.ListNodesAsync(run.RunId, cancellationToken);
        RunNodeDocument[] documents = [.. nodes.Select(RunNodeDocument.Of)];
        if (_common.Json(parsed))
            JsonOutput.Write(documents);
        else
            Consoles.Create(json: false).Write(RunStatusTables.Nodes(documents));
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd nodes join</c>: a node that has left is asked again from the next round on.</summary>
internal sealed class NodesJoinCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly NodeArguments _node = new();

    public NodesJoinCommand()
        : base("join", "Ask a node that has left again, from the next round on")
    {
        _node.AddTo(this);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var (run, index) = await _node.FindAsync(parsed, _common, cluster.Reader, cancellationToken);
        await Retried.DoAsync(() => run.In(cluster).JoinAsync(index, cancellationToken), cancellationToken);
        var nodes = await Retried.AskAsync(() => run.In(cluster).ListNodesAsync(cancellationToken), cancellationToken);
        var document = RunNodeDocument.Of(nodes[index]);
        if (_common.Json(parsed))
            JsonOutput.Write(document);
        else
            await Console.Out.WriteLineAsync($"{document.Node} is asked from the next round on");
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd nodes drain</c>: a node finishes its local update, sends it, and is not asked any more.</summary>
internal sealed class NodesDrainCommand : Command
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(500);
    private readonly CommonOptions _common = new();
    private readonly NodeArguments _node = new();
    private readonly Option<bool> _noWait = new("--no-wait")
    {
        Description = "Do not wait until the node's local update is sent",
    };

    public NodesDrainCommand()
        : base("drain", "Let a node finish and send its local update, and do not ask it any more")
    {
        _node.AddTo(this);
        Options.Add(_noWait);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var (run, index) = await _node.FindAsync(parsed, _common, cluster.Reader, cancellationToken);
        await Retried.DoAsync(() => run.In(cluster).LeaveAsync(index, cancellationToken), cancellationToken);
        var node = await LookAsync(run.In(cluster), index, cancellationToken);
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
            node = await LookAsync(run.In(cluster), index, cancellationToken);
        }

        var document = RunNodeDocument.Of(node);
        if (_common.Json(parsed))
            JsonOutput.Write(document);
        else
            await Console.Out.WriteLineAsync(
                node.State is RunNodeState.Leaving
                    ? $"{document.Node} finishes its local update and is not asked any more"
                    : $"{document.Node} has left; it returns with: nodes join --run {run.RunId} {document.Node} "
                        + $"{_common.PlaceOptions(parsed)}"
            );
        return ExitCode.Success;
    }

    private static async Task<RunNode> LookAsync(
        ITrainingRunGrain run,
        int index,
        CancellationToken cancellationToken
    ) => (await Retried.AskAsync(() => run.ListNodesAsync(cancellationToken), cancellationToken))[index];
}
