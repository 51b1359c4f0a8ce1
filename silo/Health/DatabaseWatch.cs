using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dmkd.Silo.Health;

/// <summary>Says in the log that the database is back, after errors said that it was away.</summary>
internal sealed partial class DatabaseWatch(
    RepeatedLines lines,
    StateDatabase database,
    TimeProvider time,
    ILogger<DatabaseWatch> logger
) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await lines.OutageAsync(stoppingToken);
            do await Task.Delay(Period, time, stoppingToken);
            while (!await database.AnswersAsync(stoppingToken));
            var (away, errors) = lines.EndOutage();
            LogBack(logger, away.TotalSeconds, errors);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning, // whoever reads of the outage is to read of its end
        Message = "The database answers again after {Seconds:F0} s; {Errors} errors said that it did not"
    )]
    private static partial void LogBack(ILogger logger, double seconds, long errors);
}
