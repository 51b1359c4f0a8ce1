using Dmkd.Grains.Lifecycle;
using Dmkd.Grains.Security.Audit;
using Npgsql;

namespace Dmkd.Grains.Storage.Postgres;

/// <summary>The audit log as a table that takes rows and gives none back: a trigger refuses changes and removals.</summary>
internal sealed class PostgresAuditLog(NpgsqlDataSource source, TimeProvider time) : IAuditLog
{
    private readonly Resilience _retry = Resilience.TransientDatabase(time, new RetryLimits(TimeSpan.FromMilliseconds(250)) { MaxRetries = 3 });

    public async Task WriteAsync(AuditEntry entry, CancellationToken cancellationToken = default)
    {
        try
        {
            await _retry.DoAsync(() => InsertAsync(entry, cancellationToken), cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw new StoreUnavailableException($"The call cannot be recorded in the audit log, so it is not made: {e.Message.Split('\n', 2)[0]}");
        }
    }

    public async Task<IReadOnlyList<AuditEntry>> ListAsync(int last, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand(
            "SELECT At, Caller, Role, Grain, Method, GrainKey, IsAllowed, Reason FROM DmkdAudit ORDER BY Id DESC LIMIT $1");
        command.Parameters.Add(new NpgsqlParameter { Value = last });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entries = new List<AuditEntry>();
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(new AuditEntry(
                await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellationToken), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
                reader.GetBoolean(6), await reader.IsDBNullAsync(7, cancellationToken) ? null : reader.GetString(7)));
        }

        entries.Reverse();
        return entries;
    }

    private async Task InsertAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "INSERT INTO DmkdAudit (At, Caller, Role, Grain, Method, GrainKey, IsAllowed, Reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
        object[] values = [entry.At.ToUniversalTime(), entry.Caller, entry.Role, entry.Grain, entry.Method, entry.Key, entry.IsAllowed, (object?)entry.Reason ?? DBNull.Value];
        foreach (object value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
