using System.Data.Common;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Security;
using Dmkd.Hosting.Storage;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Dmkd.Hosting.Clustering;

/// <summary>The database of a cluster, before any silo or client uses it.</summary>
public static class ClusterDatabase
{
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(1);

    /// <summary>What is wrong with a connection string; null when it can be read.</summary>
    public static string? ProblemOf(string connectionString)
    {
        try
        {
            var read = new NpgsqlConnectionStringBuilder(connectionString);
            if (string.IsNullOrEmpty(read.Host))
                return "it names no Host";
            if (read.Port is < 1 or > 65_535)
                return $"Port must be in [1, 65535], not {read.Port}";
            return string.IsNullOrEmpty(read.Database) ? "it names no Database" : null;
        }
        catch (Exception e)
            when (e is ArgumentException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            return e.Message.Split('\n', 2)[0].Split(" (Parameter", 2)[0];
        }
    }

    /// <summary>Host, port and database, for messages: never a password.</summary>
    public static string NameOf(string connectionString)
    {
        var read = new NpgsqlConnectionStringBuilder(connectionString);
        return $"{read.Host}:{read.Port}/{read.Database}";
    }

    /// <summary>
    /// Waits for the database and brings it to this program's schema; several silos may do it at once.
    /// </summary>
    /// <param name="options">The database.</param>
    /// <param name="maxWait">How long a database that does not answer is waited for.</param>
    /// <param name="time">Sets the pace.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ClusterDatabaseException">It did not answer in time, refused, or was written by a newer
    /// program.</exception>
    public static Task PrepareAsync(
        ClusterStorageOptions options,
        TimeSpan maxWait,
        TimeProvider time,
        CancellationToken cancellationToken = default
    ) => WaitAsync(options, maxWait, time, PostgresSchema.EnsureAsync, cancellationToken);

    /// <summary>
    /// The same for a client, which writes nothing where the schema is up to date: its user of the database need not be
    /// able to.
    /// </summary>
    /// <inheritdoc cref="PrepareAsync"/>
    public static Task PrepareForClientAsync(
        ClusterStorageOptions options,
        TimeSpan maxWait,
        TimeProvider time,
        CancellationToken cancellationToken = default
    ) =>
        WaitAsync(
            options,
            maxWait,
            time,
            async (source, cancel) =>
            {
                if (!await PostgresSchema.IsCurrentAsync(source, cancel))
                    await PostgresSchema.EnsureAsync(source, cancel);
            },
            cancellationToken
        );

    private static async Task WaitAsync(
        ClusterStorageOptions options,
        TimeSpan maxWait,
        TimeProvider time,
        Func<NpgsqlDataSource, CancellationToken, Task> prepareAsync,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        await using var source = NpgsqlDataSource.Create(options.ConnectionString);
        var retry = Resilience.TransientDatabase(time, new RetryLimits(RetryPeriod) { MaxTime = maxWait });
        try
        {
            await retry.DoAsync(() => prepareAsync(source, cancellationToken), cancellationToken);
        }
        catch (Exception e) when (e is DbException or InvalidOperationException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new ClusterDatabaseException(
                $"The database {NameOf(options.ConnectionString)} cannot be used: {e.Message.Split('\n', 2)[0]}"
            );
        }
    }

    /// <summary>The cluster's weights, for a program beside the silos.</summary>
    /// <param name="options">The database, prepared.</param>
    /// <param name="source">Connections to it. Borrowed.</param>
    /// <param name="time">Sets the pace of repeats.</param>
    public static IWeightStore WeightsOf(ClusterStorageOptions options, NpgsqlDataSource source, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.WeightsFolder is { } folder
            ? new FolderWeightStore(folder)
            : new PostgresWeightStore(source, time);
    }

    /// <summary>Removes what the cluster's state does not name.</summary>
    /// <param name="weights">The cluster's weights. Borrowed.</param>
    /// <param name="source">Connections to its database. Borrowed.</param>
    /// <param name="time">What time it is.</param>
    public static WeightCollector CollectorOf(IWeightStore weights, NpgsqlDataSource source, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new WeightCollector(weights, source.CreateConnection, time);
    }

    /// <summary>Who changed what in the cluster.</summary>
    /// <param name="source">Connections to its database. Borrowed.</param>
    /// <param name="time">Sets the pace of repeats.</param>
    public static IAuditLog AuditOf(NpgsqlDataSource source, TimeProvider time) => new PostgresAuditLog(source, time);
}

/// <summary>A cluster's database cannot be used; the message names it, without its password, and says why.</summary>
public sealed class ClusterDatabaseException(string message) : Exception(message);

/// <summary>Where a cluster of several machines keeps its membership, state, reminders and weights.</summary>
/// <param name="ConnectionString">A PostgreSQL database, as Npgsql writes it:
/// <c>Host=...;Database=...;Username=...;Password=...</c>.</param>
public sealed record ClusterStorageOptions(string ConnectionString)
{
    /// <summary>Name of the cluster: several may share a database. Default: dmkd.</summary>
    public string ClusterId { get; init; } = "dmkd";

    /// <summary>A folder that all silos see, for the weights; null to keep them in the database.</summary>
    public string? WeightsFolder { get; init; }
}

/// <summary>The database of a silo's state, to ask whether it answers.</summary>
/// <param name="connect">Makes a connection, closed.</param>
public sealed class StateDatabase(Func<DbConnection> connect)
{
    /// <summary>
    /// Whether a connection can be opened and the table of states can be read; false also when it takes too long.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = connect();
            await connection.OpenAsync(cancellationToken);
            await using var command = connection.CreateCommand();
            command.CommandText = "SELECT COUNT(*) FROM (SELECT 1 FROM OrleansStorage LIMIT 1) AS first_row";
            return await command.ExecuteScalarAsync(cancellationToken) is not null;
        }
        catch (Exception e)
            when (e is DbException or TimeoutException or InvalidOperationException or OperationCanceledException)
        {
            return false;
        }
    }
}

/// <summary>Where an embedded silo keeps its state and weights.</summary>
/// <param name="Home">Folder; made when it does not exist.</param>
public sealed record SiloStorageOptions(string Home)
{
    /// <summary>Grain state.</summary>
    public string DatabasePath => Path.Combine(Home, "dmkd.db");

    /// <summary>How the database is opened.</summary>
    public string ConnectionString => new SqliteConnectionStringBuilder { DataSource = DatabasePath }.ToString();

    /// <summary>
    /// How it is opened to see whether it is still there: anew, by its path, and never made. A file that was removed
    /// lives on in the connections that have it open.
    /// </summary>
    public string CheckConnectionString =>
        new SqliteConnectionStringBuilder
        {
            DataSource = DatabasePath,
            Mode = SqliteOpenMode.ReadOnly,
            Pooling = false,
        }.ToString();

    /// <summary>Content-addressed weights.</summary>
    public string WeightsPath => Path.Combine(Home, "weights");

    /// <summary>The weights, for a program without a silo.</summary>
    public IWeightStore OpenWeights() => new FolderWeightStore(WeightsPath);

    /// <summary>Removes weights that no state names.</summary>
    /// <param name="weights">The weights. Borrowed.</param>
    /// <param name="time">What time it is.</param>
    public WeightCollector CollectorOf(IWeightStore weights, TimeProvider time) =>
        new(weights, () => new SqliteConnection(ConnectionString), time);

    /// <summary>
    /// Makes the folder, for its owner alone. One that an earlier version made for everybody to read is closed, and the
    /// database in it; a folder in which nothing was ever stored stays as somebody made it.
    /// </summary>
    public void MakeHome()
    {
        bool isOurs = File.Exists(DatabasePath);
        if (isOurs || !Directory.Exists(Home))
            OwnerOnly.Folder(Home);
        if (isOurs)
            OwnerOnly.File(DatabasePath);
    }
}
