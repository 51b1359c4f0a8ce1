namespace Dmkd.Grains.Security.Audit;

/// <summary>The audit of a silo without a cluster's database: the program's log is all there is.</summary>
internal sealed class LoggedAudit : IAuditLog
{
    public Task WriteAsync(AuditEntry entry, CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task<IReadOnlyList<AuditEntry>> ListAsync(int last, CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyList<AuditEntry>>([]);
}
