using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;
using Dmkd.Grains.Data;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd runs resume</c>: goes on with a run that was stopped, failed or interrupted.</summary>
internal sealed class RunsResumeCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _id = RunsCommand.IdArgument();
    private readonly Option<bool> _detach = RunFollowing.DetachOption();

    public RunsResumeCommand()
        : base("resume", "Go on with a run that was stopped, failed or interrupted, and follow it to its end")
    {
        Arguments.Add(_id);
        Options.Add(_detach);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var following = new RunFollowing(_common, parsed);
        bool detaches = following.Detaches(_detach);
        _common.RequireRuns(parsed);
        using var datasets = new DatasetCache();
        await using var cluster = await _common.StartAsync(parsed, datasets, cancellationToken);
        var run = await FoundRun.OfAsync(cluster.Grains, parsed.GetValue(_id)!, _common.Place(parsed), cancellationToken);
        if (!_common.IsCluster(parsed)) await new RunView(_common.Json(parsed)).ReadDataAsync(datasets, run.Settings);
        await Retried.DoAsync(() => run.Grain.ResumeAsync(cancellationToken), cancellationToken);
        if (detaches) await following.LeaveAsync(run, cancellationToken);
        else await following.ToTheEndAsync(run, "resuming", cancellationToken);
        return ExitCode.Success;
    }
}
