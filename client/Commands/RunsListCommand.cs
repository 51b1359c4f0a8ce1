using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Library;
using Dmkd.Contracts.Runs;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd runs list</c>: one line per run, oldest first.</summary>
internal sealed class RunsListCommand : Command
{
    private readonly CommonOptions _common = new();

    public RunsListCommand()
        : base("list", "List the runs, and the libraries made by preserve, oldest first")
    {
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var documents = new List<RunStatusDocument>();
        foreach (var summary in await FoundRun.ListAsync(cluster.Grains, cancellationToken)) documents.Add(await LookAsync(cluster.Grains, summary, cancellationToken));
        if (_common.Json(parsed)) JsonOutput.Write(documents);
        else if (documents.Count == 0) await Console.Out.WriteLineAsync($"There are no runs in {_common.Place(parsed)} yet.");
        else Consoles.Create(json: false).Write(RunStatusTables.List(documents));
        return ExitCode.Success;
    }

    private static async Task<RunStatusDocument> LookAsync(IGrainFactory grains, RunSummary summary, CancellationToken cancellationToken)
    {
        var grain = grains.GetGrain<ITrainingRunGrain>(summary.RunId);
        var settings = await Retried.AskAsync(() => grain.GetSettingsAsync(cancellationToken), cancellationToken);
        if (settings is null) return RunStatusDocument.OfPreservation(summary);
        var run = new FoundRun(grain, summary.RunId, settings, summary.StartedAt);
        return RunStatusDocument.Of(run, await run.ProgressAsync(long.MaxValue, cancellationToken));
    }
}
