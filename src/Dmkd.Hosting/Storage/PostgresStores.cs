using Dmkd.Core.Tensors;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Security;
using Npgsql;
using NpgsqlTypes;
using Polly;

namespace Dmkd.Hosting.Storage;

/// <summary>
/// Weights as rows named by their SHA-256, for clusters without a shared folder. A lost connection is tried again a few
/// times: blobs are named by their content, so a repeat changes nothing.
/// </summary>
internal sealed class PostgresWeightStore(NpgsqlDataSource source, TimeProvider time)
    : IWeightStore,
        ICollectableWeights
{
    private const string Place = "the table DmkdBlobs";
    private static readonly RetryLimits Limits = new(TimeSpan.FromMilliseconds(200))
    {
        Growth = DelayBackoffType.Exponential,
        MaxRetries = 4,
    };

    private readonly Resilience _retry = Resilience.TransientDatabase(time, Limits);

    public async Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        string digest = WeightDigest.Of(content.Span);
        await RetryAsync(
            async () =>
            {
                // Stored again it is young again: nobody may collect what is about to be named. It is also whole again.
                await using var command = source.CreateCommand(
                    "INSERT INTO DmkdBlobs (Digest, Content) VALUES ($1, $2) ON CONFLICT (Digest) DO UPDATE SET "
                        + "StoredAt=now(), Content=excluded.Content"
                );
                command.Parameters.Add(new NpgsqlParameter { Value = digest });
                command.Parameters.Add(new NpgsqlParameter { Value = content, NpgsqlDbType = NpgsqlDbType.Bytea });
                return await command.ExecuteNonQueryAsync(cancellationToken);
            },
            $"store weights {digest}",
            cancellationToken
        );
        return digest;
    }

    public async Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default)
    {
        _ = WeightNames.DigitsOf(digest);
        object? found = await RetryAsync(
            async () =>
            {
                await using var command = source.CreateCommand("SELECT Content FROM DmkdBlobs WHERE Digest=$1");
                command.Parameters.Add(new NpgsqlParameter { Value = digest });
                return await command.ExecuteScalarAsync(cancellationToken);
            },
            $"read weights {digest}",
            cancellationToken
        );
        return found is byte[] content
            ? WeightNames.Verified(digest, content, Place)
            : throw new WeightStoreException($"Weights {digest} are not in {Place}.");
    }

    public Task<IReadOnlyList<string>> ListUntouchedSinceAsync(
        DateTimeOffset moment,
        CancellationToken cancellationToken
    ) =>
        RetryAsync<IReadOnlyList<string>>(
            async () =>
            {
                await using var command = source.CreateCommand("SELECT Digest FROM DmkdBlobs WHERE StoredAt<$1");
                command.Parameters.Add(new NpgsqlParameter { Value = moment.UtcDateTime });
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                var digests = new List<string>();
                while (await reader.ReadAsync(cancellationToken))
                    digests.Add(reader.GetString(0));
                return digests;
            },
            "list weights",
            cancellationToken
        );

    public Task<long?> RemoveAsync(
        string digest,
        DateTimeOffset moment,
        bool isDryRun,
        CancellationToken cancellationToken
    ) =>
        RetryAsync(
            async () =>
            {
                await using var command = source.CreateCommand(
                    isDryRun
                        ? "SELECT octet_length(Content) FROM DmkdBlobs WHERE Digest=$1 AND StoredAt<$2"
                        : "DELETE FROM DmkdBlobs WHERE Digest=$1 AND StoredAt<$2 RETURNING octet_length(Content)"
                );
                command.Parameters.Add(new NpgsqlParameter { Value = digest });
                command.Parameters.Add(new NpgsqlParameter { Value = moment.UtcDateTime });
                return await command.ExecuteScalarAsync(cancellationToken) is int bytes ? bytes : (long?)null;
            },
            $"remove weights {digest}",
            cancellationToken
        );

    private async Task<T> RetryAsync<T>(Func<Task<T>> work, string what, CancellationToken cancellationToken)
    {
        int attempts = 0;
        try
        {
            return await _retry.AskAsync(
                () =>
                {
                    attempts++;
                    return work();
                },
                cancellationToken
            );
        }
        catch (NpgsqlException e)
        {
            string problem = $"The database could not {what}, after {attempts} attempts: {e.Message}";
            throw e.IsTransient ? new StoreUnavailableException(problem) : new WeightStoreException(problem);
        }
    }
}

/// <summary>
/// The audit log as a table that takes rows and gives none back: a trigger refuses changes and removals.
/// </summary>
internal sealed class PostgresAuditLog(NpgsqlDataSource source, TimeProvider time) : IAuditLog
{
    private readonly Resilience _retry = Resilience.TransientDatabase(
        time,
        new RetryLimits(TimeSpan.FromMilliseconds(250)) { MaxRetries = 3 }
    );

    public async Task WriteAsync(AuditEntry entry, CancellationToken cancellationToken = default)
    {
        try
        {
            await _retry.DoAsync(() => InsertAsync(entry, cancellationToken), cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw new StoreUnavailableException(
                $"The call cannot be recorded in the audit log, so it is not made: {e.Message.Split('\n', 2)[0]}"
            );
        }
    }

    public async Task<IReadOnlyList<AuditEntry>> ListAsync(int last, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand(
            "SELECT At, Caller, Role, Grain, Method, GrainKey, IsAllowed, Reason FROM DmkdAudit ORDER BY Id DESC LIMIT $1"
        );
        command.Parameters.Add(new NpgsqlParameter { Value = last });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entries = new List<AuditEntry>();
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(
                new AuditEntry(
                    await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellationToken),
                    reader.GetString(1),
                    reader.GetString(2),
                    reader.GetString(3),
                    reader.GetString(4),
                    reader.GetString(5),
                    reader.GetBoolean(6),
                    await reader.IsDBNullAsync(7, cancellationToken) ? null : reader.GetString(7)
                )
            );
        }

        entries.Reverse();
        return entries;
    }

    public async Task<int> RemoveBeforeAsync(DateTimeOffset moment, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand("DELETE FROM DmkdAudit WHERE At < $1");
        command.Parameters.Add(new NpgsqlParameter { Value = moment.ToUniversalTime() });
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task InsertAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "INSERT INTO DmkdAudit (At, Caller, Role, Grain, Method, GrainKey, IsAllowed, Reason) VALUES "
                + "($1, $2, $3, $4, $5, $6, $7, $8)"
        );
        object[] values =
        [
            entry.At.ToUniversalTime(),
            entry.Caller,
            entry.Role,
            entry.Grain,
            entry.Method,
            entry.Key,
            entry.IsAllowed,
            (object?)entry.Reason ?? DBNull.Value,
        ];
        foreach (object value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
