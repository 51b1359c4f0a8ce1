using System.Data.Common;
using System.Text;
using Dmkd.Core.Tensors;

namespace Dmkd.Hosting.Storage;

/// <summary>
/// Removes weights and updates that no grain's stored state names, once they are older than a grace period. State is
/// JSON, and a digest in it is a name, whatever grain it belongs to: no grain has to tell what it needs, so that none
/// can forget to. What was stored within the grace period stays, since whoever stored it may be about to name it;
/// storing it again makes it young again.
/// </summary>
/// <param name="weights">The store.</param>
/// <param name="connect">Makes a connection to the database of the state, not yet open.</param>
/// <param name="time">What time it is.</param>
public sealed class WeightCollector(IWeightStore weights, Func<DbConnection> connect, TimeProvider time)
{
    /// <summary>Shortest grace period: longer than any work between storing a blob and naming it.</summary>
    public static readonly TimeSpan MinGrace = TimeSpan.FromHours(1);

    /// <summary>Grace period unless one is given.</summary>
    public static readonly TimeSpan DefaultGrace = TimeSpan.FromHours(24);

    /// <summary>Removes what nothing names.</summary>
    /// <param name="grace">How long what nothing names stays, at least <see cref="MinGrace"/>.</param>
    /// <param name="isDryRun">Whether to count only.</param>
    /// <param name="cancellationToken">Ends the collection; what is removed by then was not named.</param>
    /// <exception cref="ArgumentOutOfRangeException">The grace period is too short.</exception>
    public async Task<CollectedWeights> CollectAsync(
        TimeSpan grace,
        bool isDryRun,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(grace, MinGrace);
        var store = (ICollectableWeights)weights;
        var moment = time.GetUtcNow() - grace;

        // First what is old, then what is named: a blob named in between is either young or among the names.
        var old = await store.ListUntouchedSinceAsync(moment, cancellationToken);
        var named = await NamedAsync(cancellationToken);
        int removed = 0;
        long bytes = 0;
        foreach (string digest in old.Where(digest => !named.Contains(digest)))
        {
            if (await store.RemoveAsync(digest, moment, isDryRun, cancellationToken) is not { } size)
                continue;
            removed++;
            bytes += size;
        }

        return new CollectedWeights(named.Count, removed, bytes);
    }

    private async Task<HashSet<string>> NamedAsync(CancellationToken cancellationToken)
    {
        var named = new HashSet<string>(StringComparer.Ordinal);
        await using var connection = connect();
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT PayloadBinary FROM OrleansStorage WHERE PayloadBinary IS NOT NULL";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            string state = Encoding.UTF8.GetString(await reader.GetFieldValueAsync<byte[]>(0, cancellationToken));
            foreach (var found in WeightDigest.Pattern.EnumerateMatches(state))
                named.Add(state.Substring(found.Index, found.Length));
        }

        return named;
    }
}

/// <summary>What a collection of unnamed weights did.</summary>
/// <param name="Named">Different blobs that stored state names.</param>
/// <param name="Removed">Blobs removed, or that would be.</param>
/// <param name="RemovedBytes">Their size in bytes.</param>
public sealed record CollectedWeights(int Named, int Removed, long RemovedBytes);
