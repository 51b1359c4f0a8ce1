using Dmkd.Hosting.Clustering;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Dmkd.Silo.Health;

/// <summary>Whether the process lives, and whether it can be given work.</summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan MaxCheckTime = TimeSpan.FromSeconds(3);

    /// <summary>Adds what readiness asks.</summary>
    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services
            .AddHealthChecks()
            .AddCheck<MembershipCheck>("membership", timeout: MaxCheckTime)
            .AddCheck<DatabaseCheck>("database", timeout: MaxCheckTime);
        return services;
    }

    /// <summary>
    /// <c>/healthz/live</c>: the process answers. <c>/healthz/ready</c>: it is a member of its cluster, and the
    /// database answers; 503 otherwise.
    /// </summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder routes)
    {
        routes
            .MapHealthChecks(
                "/healthz/live",
                new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync }
            )
            .AllowAnonymous();
        routes
            .MapHealthChecks("/healthz/ready", new HealthCheckOptions { ResponseWriter = WriteAsync })
            .AllowAnonymous();
        return routes;
    }

    /// <summary>One line per check: <c>database: Unhealthy: it does not answer</c>.</summary>
    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "text/plain; charset=utf-8";
        var lines = report.Entries.Select(entry =>
            $"{entry.Key}: {entry.Value.Status}{(entry.Value.Description is { } why ? $": {why}" : "")}\n"
        );
        return context.Response.WriteAsync($"{report.Status}\n{string.Concat(lines)}", context.RequestAborted);
    }
}

/// <summary>Whether the database of state answers.</summary>
internal sealed class DatabaseCheck(StateDatabase database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context,
        CancellationToken cancellationToken = default
    ) =>
        await database.AnswersAsync(cancellationToken)
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy("it does not answer");
}

/// <summary>Whether the silo is an active member of its cluster.</summary>
internal sealed class MembershipCheck(ISiloStatusOracle oracle) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context,
        CancellationToken cancellationToken = default
    ) =>
        Task.FromResult(
            oracle.CurrentStatus is SiloStatus.Active
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy($"the silo is {oracle.CurrentStatus}")
        );
}
