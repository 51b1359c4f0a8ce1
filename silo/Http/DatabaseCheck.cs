using Dmkd.Grains.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Dmkd.Silo.Http;

/// <summary>Whether the database of state answers.</summary>
internal sealed class DatabaseCheck(StateDatabase database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await database.AnswersAsync(cancellationToken) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("it does not answer");
}
