using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;

namespace Dmkd.Client.Commands;

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
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var (run, index) = await NodesCommand.FindAsync(cluster.Grains, parsed.GetValue(_run)!, parsed.GetValue(_node)!, _common.Place(parsed), cancellationToken);
        await Retried.DoAsync(() => run.Grain.JoinAsync(index, cancellationToken), cancellationToken);
        var nodes = await Retried.AskAsync(() => run.Grain.ListNodesAsync(cancellationToken), cancellationToken);
        var document = RunNodeDocument.Of(nodes[index]);
        if (_common.Json(parsed)) JsonOutput.Write(document);
        else await Console.Out.WriteLineAsync($"{document.Node} is asked from the next round on");
        return ExitCode.Success;
    }
}
