using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dmkd.Hosting.Security;

/// <summary>Who changed what: entries are added, never changed, and go when they are old.</summary>
public interface IAuditLog
{
    /// <summary>Adds an entry; it is durable when the task ends.</summary>
    Task WriteAsync(AuditEntry entry, CancellationToken cancellationToken = default);

    /// <summary>The last entries, oldest first.</summary>
    Task<IReadOnlyList<AuditEntry>> ListAsync(int last, CancellationToken cancellationToken = default);

    /// <summary>Removes the entries from before a moment; those of the last 30 days stay whatever the moment.</summary>
    /// <returns>How many.</returns>
    Task<int> RemoveBeforeAsync(DateTimeOffset moment, CancellationToken cancellationToken = default);
}

/// <summary>A call of a client that changes something, or that nobody knows.</summary>
/// <param name="At">When it came.</param>
/// <param name="Caller">Whose certificate it came with; <c>unknown</c> when it had none that counts.</param>
/// <param name="Role">The certificate's role; <c>none</c> then.</param>
/// <param name="Grain">The grain interface.</param>
/// <param name="Method">The method.</param>
/// <param name="Key">The grain's key.</param>
/// <param name="IsAllowed">Whether it was let through; what then became of it is the grain's matter.</param>
/// <param name="Reason">Why it was refused; null when it was not.</param>
public sealed record AuditEntry(
    DateTimeOffset At,
    string Caller,
    string Role,
    string Grain,
    string Method,
    string Key,
    bool IsAllowed,
    string? Reason
);

/// <summary>The audit of a silo without a cluster's database: the program's log is all there is.</summary>
internal sealed class LoggedAudit : IAuditLog
{
    public Task WriteAsync(AuditEntry entry, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task<IReadOnlyList<AuditEntry>> ListAsync(int last, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<AuditEntry>>([]);

    public Task<int> RemoveBeforeAsync(DateTimeOffset moment, CancellationToken cancellationToken = default) =>
        Task.FromResult(0);
}

/// <summary>Removes entries of the audit that are older than is wanted, at the start and four times a day.</summary>
/// <param name="audit">The audit. Borrowed.</param>
/// <param name="kept">How long entries stay.</param>
/// <param name="time">What time it is.</param>
/// <param name="logger">Is told.</param>
internal sealed partial class AuditRetention(
    IAuditLog audit,
    TimeSpan kept,
    TimeProvider time,
    ILogger<AuditRetention> logger
) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromHours(6);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                int removed = await audit.RemoveBeforeAsync(time.GetUtcNow() - kept, stoppingToken);
                if (removed > 0)
                    LogRemoved(logger, removed, kept.TotalDays);
            }
#pragma warning disable CA1031 // whatever it was: the next time comes
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                LogFailed(logger, e.Message.Split('\n', 2)[0]);
            }
        } while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Audit: removed {Removed} entries older than {Days} days")]
    private static partial void LogRemoved(ILogger logger, int removed, double days);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Audit: old entries could not be removed, tried again in six hours: {Problem}"
    )]
    private static partial void LogFailed(ILogger logger, string problem);
}
