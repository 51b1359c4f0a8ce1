using System.CommandLine;
using System.Globalization;
using Dmkd.Client.Errors;
using Dmkd.Client.Rendering;
using Dmkd.Hosting.Storage;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd weights</c>: the store of weights and updates.</summary>
internal sealed class WeightsCommand : Command
{
    public WeightsCommand()
        : base("weights", "Look after the store of weights and updates") =>
        Subcommands.Add(new WeightsCollectCommand());
}

/// <summary><c>dmkd weights collect</c>: removes weights and updates that nothing names.</summary>
internal sealed class WeightsCollectCommand : Command
{
    private const double BytesPerMegabyte = 1e6;
    private readonly CommonOptions _common = new();
    private readonly Option<double> _grace = new Option<double>("--grace")
    {
        Description = "Hours that what nothing names stays; at least 1",
        DefaultValueFactory = _ => WeightCollector.DefaultGrace.TotalHours,
    }.WithNumbers();

    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "Say what would be removed, and leave it",
    };

    public WeightsCollectCommand()
        : base("collect", "Remove weights and updates that no module, run or node names any more")
    {
        Options.Add(_grace);
        Options.Add(_dryRun);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        double hours = parsed.GetValue(_grace),
            least = WeightCollector.MinGrace.TotalHours,
            most = TimeSpan.FromDays(3650).TotalHours;
        if (!(hours >= least && hours <= most))
            throw new BadInputException(
                $"--grace must be a number of hours in [{least:0}, {most:0}], not {hours.ToString(CultureInfo.InvariantCulture)}."
            );
        bool isDryRun = parsed.GetValue(_dryRun);
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var collected = await cluster.Collector.CollectAsync(TimeSpan.FromHours(hours), isDryRun, cancellationToken);
        await JsonOutput.AnswerAsync(
            _common.Json(parsed),
            new
            {
                collected.Named,
                collected.Removed,
                collected.RemovedBytes,
                DryRun = isDryRun,
            },
            $"{(isDryRun ? "would remove" : "removed")} {collected.Removed} blobs, "
                + $"{(collected.RemovedBytes / BytesPerMegabyte).ToString("0.0", CultureInfo.InvariantCulture)} "
                + $"MB; {collected.Named} are named"
        );
        return ExitCode.Success;
    }
}
