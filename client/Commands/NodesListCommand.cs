using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;

namespace Dmkd.Client.Commands;

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
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var run = await FoundRun.OfAsync(cluster.Grains, parsed.GetValue(_run)!, _common.Place(parsed), cancellationToken);
        var nodes = await Retried.AskAsync(() => run.Grain.ListNodesAsync(cancellationToken), cancellationToken);
        RunNodeDocument[] documents = [.. nodes.Select(RunNodeDocument.Of)];
        if (_common.Json(parsed)) JsonOutput.Write(documents);
        else Consoles.Create(json: false).Write(RunStatusTables.Nodes(documents));
        return ExitCode.Success;
    }
}
