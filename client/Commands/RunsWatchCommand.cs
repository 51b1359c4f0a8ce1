using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd runs watch</c>: follows a run to its end, as <c>run</c> does.</summary>
internal sealed class RunsWatchCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _id = RunsCommand.IdArgument();

    public RunsWatchCommand()
        : base("watch", "Follow a run to its end, with its live feed, and print its result")
    {
        Arguments.Add(_id);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var run = await FoundRun.OfAsync(cluster.Grains, parsed.GetValue(_id)!, _common.Place(parsed), cancellationToken);
        string state = RunStates.Of(await run.ProgressAsync(long.MaxValue, cancellationToken));
        if (state is RunStates.Stopped or RunStates.Interrupted)
            throw new BadInputException($"Run '{run.RunId}' is {state}: nobody is at work on it. Go on with it by: runs resume {run.RunId} {_common.PlaceOptions(parsed)}");
        await new RunFollowing(_common, parsed).ToTheEndAsync(run, "watching", cancellationToken);
        return ExitCode.Success;
    }
}
