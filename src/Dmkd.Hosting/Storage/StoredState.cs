using Dmkd.Contracts.Libraries;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization.Activators;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Dmkd.Hosting.Storage;

/// <summary>
/// Grain state in a folder, read without a silo (docs/adr/0031), by the class by which a silo reads it: rows, keys and
/// JSON are the same. Nothing is written; a silo may be at work on the folder meanwhile.
/// </summary>
internal sealed class StoredState
{
    private const int ReadOnly = 8, // SQLite's own numbers
        CannotOpen = 14;
    private static readonly GrainType AnyType = GrainType.Create("stored"); // rows are keyed by state name and key

    private readonly AdoNetGrainStorage? _storage;

    private StoredState(AdoNetGrainStorage? storage) => _storage = storage;

    /// <summary>Opens a database.</summary>
    /// <param name="path">Its file; one of a read-only folder will do.</param>
    /// <param name="serviceId">The service that silos over it have.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    /// <exception cref="InvalidOperationException">The database was written by a newer program.</exception>
    /// <exception cref="SqliteException">It cannot be read.</exception>
    public static async Task<StoredState> OpenAsync(string path, string serviceId, CancellationToken cancellationToken)
    {
        string connectionString = ReadableConnection(path, out bool isEmpty);
        if (isEmpty)
            return new StoredState(null);
        var options = new AdoNetGrainStorageOptions
        {
            Invariant = SqliteSchema.Invariant,
            ConnectionString = connectionString,
            GrainStorageSerializer = new JsonStateSerializer(),
        };
        var storage = new AdoNetGrainStorage(
            new Activators(),
            NullLogger<AdoNetGrainStorage>.Instance,
            Options.Create(options),
            Options.Create(new ClusterOptions { ServiceId = serviceId }),
            StorageNames.Provider
        );
        var lifecycle = new SiloLifecycleSubject(NullLogger<SiloLifecycleSubject>.Instance);
        storage.Participate(lifecycle);
        await lifecycle.OnStart(cancellationToken);
        return new StoredState(storage);
    }

    /// <summary>A grain's state; a new one when none is stored.</summary>
    /// <param name="name">One of <see cref="StorageNames"/>.</param>
    /// <param name="key">The grain's key.</param>
    /// <exception cref="StoredStateException">Its row is damaged.</exception>
    public async Task<TState> ReadAsync<TState>(string name, string key)
        where TState : new()
    {
        if (_storage is null)
            return new TState();
        var state = new GrainState<TState>();
        var row = GrainId.Create(AnyType, key);
        try
        {
            await _storage.ReadStateAsync(name, row, state);
        }
        catch (Exception e) when (LastingFailures.CauseOf(e) is { } cause)
        {
            throw StateStorage.Of("read", name, row, cause);
        }

        return state.State ?? new TState();
    }

    /// <summary>
    /// How the database can be opened here. Readers of a write-ahead log need its two files, which SQLite makes anew
    /// after a clean end; where it cannot make them, nobody writes, and the database alone is all there is.
    /// </summary>
    private static string ReadableConnection(string path, out bool isEmpty)
    {
        string usual = Connection(path, SqliteOpenMode.ReadWrite);
        try
        {
            isEmpty = IsEmpty(usual);
            return usual;
        }
        catch (SqliteException e) when (IsReadOnlyPlace(e) && !HasLog(path))
        {
            string location = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
            string alone = Connection($"file:{location}?immutable=1", SqliteOpenMode.ReadOnly);
            isEmpty = IsEmpty(alone);
            return alone;
        }
    }

    private static string Connection(string source, SqliteOpenMode mode) =>
        new SqliteConnectionStringBuilder { DataSource = source, Mode = mode }.ToString();

    private static bool IsEmpty(string connectionString)
    {
        using var connection = new SqliteConnection(connectionString);
        connection.Open();
        return SqliteSchema.VersionOf(connection) == 0;
    }

    private static bool IsReadOnlyPlace(SqliteException problem) => problem.SqliteErrorCode is CannotOpen or ReadOnly;

    private static bool HasLog(string path) => new FileInfo(path + "-wal") is { Exists: true, Length: > 0 };

    /// <summary>Makes the state of grains that have stored none.</summary>
    private sealed class Activators : IActivatorProvider
    {
        public IActivator<T> GetActivator<T>() => new Plain<T>();

        private sealed class Plain<T> : IActivator<T>
        {
            public T Create() => Activator.CreateInstance<T>();
        }
    }
}
