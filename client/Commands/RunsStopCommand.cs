using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd runs stop</c>: stops a run durably.</summary>
internal sealed class RunsStopCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _id = RunsCommand.IdArgument();

    public RunsStopCommand()
        : base("stop", "Stop a run where it is; nobody goes on with it until runs resume")
    {
        Arguments.Add(_id);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var run = await FoundRun.OfAsync(cluster.Grains, parsed.GetValue(_id)!, _common.Place(parsed), cancellationToken);
        await Retried.DoAsync(() => run.Grain.StopAsync(cancellationToken), cancellationToken);
        var document = RunStatusDocument.Of(run, await run.ProgressAsync(long.MaxValue, cancellationToken));
        if (_common.Json(parsed)) JsonOutput.Write(document);
        else await Console.Out.WriteLineAsync(document.State == RunStates.Stopped
            ? $"run {run.RunId} is stopped in phase {document.Phase} of task {document.Task}/{document.Tasks}; it goes on with: runs resume {run.RunId} {_common.PlaceOptions(parsed)}"
            : $"run {run.RunId} is {document.State}: there is nothing to stop");
        return ExitCode.Success;
    }
}
