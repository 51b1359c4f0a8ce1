using Dmkd.Hosting.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Libraries;

/// <summary>
/// Removes what no state names, from time to time, in every silo of a cluster; several at once do no harm.
/// </summary>
internal sealed partial class WeightCollection(
    WeightCollector collector,
    TimeProvider time,
    ILogger<WeightCollection> logger
) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromHours(6);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var collected = await collector.CollectAsync(
                    WeightCollector.DefaultGrace,
                    isDryRun: false,
                    stoppingToken
                );
                LogCollected(logger, collected.Removed, collected.RemovedBytes, collected.Named);
            }
#pragma warning disable CA1031 // whatever it was: the next time comes
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(logger, e);
            }
#pragma warning restore CA1031
        }
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Removed {Removed} blobs of {Bytes} bytes that no state names; {Named} are named"
    )]
    private static partial void LogCollected(ILogger logger, int removed, long bytes, int named);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Unnamed weights could not be removed; tried again in six hours"
    )]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
