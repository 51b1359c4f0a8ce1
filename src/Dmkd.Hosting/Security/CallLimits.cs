using System.Threading.RateLimiting;

namespace Dmkd.Hosting.Security;

/// <summary>
/// How many calls a client may make to this silo: so many a second, and twice as many at once after a pause. Owns its
/// timers.
/// </summary>
/// <param name="perSecond">Calls a second, for each identity.</param>
internal sealed class CallLimits(int perSecond) : IDisposable
{
    /// <summary>What a console or a node stays far below.</summary>
    public const int DefaultPerSecond = 200;

    private const int PeriodsPerSecond = 10,
        BurstSeconds = 2;

    private readonly PartitionedRateLimiter<string> _limiter = PartitionedRateLimiter.Create<string, string>(caller =>
        RateLimitPartition.GetTokenBucketLimiter(
            caller,
            _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = perSecond * BurstSeconds,
                TokensPerPeriod = Math.Max(1, perSecond / PeriodsPerSecond),
                ReplenishmentPeriod = TimeSpan.FromSeconds(1.0 / Math.Min(PeriodsPerSecond, perSecond)),
                QueueLimit = 0,
                AutoReplenishment = true,
            }
        )
    );

    /// <summary>Calls a second.</summary>
    public int PerSecond => perSecond;

    /// <summary>Counts a call; false when it is one too many.</summary>
    public bool Take(string caller)
    {
        using var lease = _limiter.AttemptAcquire(caller);
        return lease.IsAcquired;
    }

    public void Dispose() => _limiter.Dispose();
}
