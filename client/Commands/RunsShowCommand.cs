using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd runs show</c>: where a run is, and the last lines of its feed.</summary>
internal sealed class RunsShowCommand : Command
{
    private const int MostEvents = 20;
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _id = RunsCommand.IdArgument();

    public RunsShowCommand()
        : base("show", "Show where a run is, and the last lines of its feed")
    {
        Arguments.Add(_id);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var run = await FoundRun.OfAsync(cluster.Grains, parsed.GetValue(_id)!, _common.Place(parsed), cancellationToken);
        var look = await run.ProgressAsync(0, cancellationToken);
        var document = RunStatusDocument.Of(run, look, [.. EventLine.Of(look.Events).TakeLast(MostEvents)]);
        if (_common.Json(parsed))
        {
            JsonOutput.Write(document);
            return ExitCode.Success;
        }

        var console = Consoles.Create(json: false);
        console.Write(RunStatusTables.Show(document));
        console.WriteEvents(document.Events!);
        return ExitCode.Success;
    }
}
