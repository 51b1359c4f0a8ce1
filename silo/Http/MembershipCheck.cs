using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Dmkd.Silo.Http;

/// <summary>Whether the silo is an active member of its cluster.</summary>
internal sealed class MembershipCheck(ISiloStatusOracle oracle) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        oracle.CurrentStatus is SiloStatus.Active
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"the silo is {oracle.CurrentStatus}"));
}
