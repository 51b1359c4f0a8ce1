using System.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace Dmkd.Silo;

/// <summary>
/// Bounds the end of a silo that was asked to stop: whatever still hangs after a while ends with the process, as a kill
/// would end it. What is stored counts, and the cluster goes on from there.
/// </summary>
internal sealed class StopLimit(IHostApplicationLifetime lifetime, TimeProvider time) : IHostedService
{
    /// <summary>MaxTime time from the request to the end; the host itself gives its parts 30 seconds.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(40);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(() => _ = EndAsync());
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task EndAsync()
    {
        await Task.Delay(MaxTime, time);
        await Console.Error.WriteLineAsync(
            $"dmkd-silo: not ended within {MaxTime.TotalSeconds:0} s of the request; ended now. What is stored counts."
        );
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }
}
