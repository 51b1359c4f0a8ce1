using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Runs;
using Dmkd.Experiments;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd nodes drain</c>: a node finishes its local update, sends it, and is not asked any more.</summary>
internal sealed class NodesDrainCommand : Command
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(500);
    private readonly CommonOptions _common = new();
    private readonly Option<string> _run = NodesCommand.RunOption();
    private readonly Argument<string> _node = NodesCommand.NameArgument();
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Do not wait until the node's local update is sent" };

    public NodesDrainCommand()
        : base("drain", "Let a node finish and send its local update, and do not ask it any more")
    {
        Arguments.Add(_node);
        Options.Add(_run);
        Options.Add(_noWait);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var (run, index) = await NodesCommand.FindAsync(cluster.Grains, parsed.GetValue(_run)!, parsed.GetValue(_node)!, _common.Place(parsed), cancellationToken);
        await Retried.DoAsync(() => run.Grain.LeaveAsync(index, cancellationToken), cancellationToken);
        var node = await LookAsync(run, index, cancellationToken);
        long since = TimeProvider.System.GetTimestamp();
        while (node.State is RunNodeState.Leaving && !parsed.GetValue(_noWait))
        {
            if (TimeProvider.System.GetElapsedTime(since) > run.Settings.Participation.RoundDeadline)
                throw new RunFailedException($"{node.NodeId} has not sent its local update within {run.Settings.Participation.RoundDeadline}, the longest that a round waits; it is not asked any more all the same.");
            await Task.Delay(LookPeriod, TimeProvider.System, cancellationToken);
            node = await LookAsync(run, index, cancellationToken);
        }

        var document = RunNodeDocument.Of(node);
        if (_common.Json(parsed)) JsonOutput.Write(document);
        else await Console.Out.WriteLineAsync(node.State is RunNodeState.Leaving
            ? $"{document.Node} finishes its local update and is not asked any more"
            : $"{document.Node} has left; it returns with: nodes join --run {run.RunId} {document.Node} {_common.PlaceOptions(parsed)}");
        return ExitCode.Success;
    }

    private static async Task<RunNode> LookAsync(FoundRun run, int index, CancellationToken cancellationToken) =>
        (await Retried.AskAsync(() => run.Grain.ListNodesAsync(cancellationToken), cancellationToken))[index];
}
