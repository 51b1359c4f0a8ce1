namespace Dmkd.Grains.Security.Audit;

/// <summary>Who changed what: entries are added, never changed.</summary>
public interface IAuditLog
{
    /// <summary>Adds an entry; it is durable when the task ends.</summary>
    Task WriteAsync(AuditEntry entry, CancellationToken cancellationToken = default);

    /// <summary>The last entries, oldest first.</summary>
    Task<IReadOnlyList<AuditEntry>> ListAsync(int last, CancellationToken cancellationToken = default);
}
