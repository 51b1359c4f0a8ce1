namespace Dmkd.Hosting.Security;

/// <summary>Who changed what: entries are added, never changed.</summary>
public interface IAuditLog
{
    /// <summary>Adds an entry; it is durable when the task ends.</summary>
    Task WriteAsync(AuditEntry entry, CancellationToken cancellationToken = default);

    /// <summary>The last entries, oldest first.</summary>
    Task<IReadOnlyList<AuditEntry>> ListAsync(int last, CancellationToken cancellationToken = default);
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
}
