using Dmkd.Grains.Tests.Postgres;

[assembly: AssemblyFixture(typeof(SharedDatabases))]

namespace Dmkd.Grains.Tests.Postgres;

/// <summary>
/// One server for all tests of an assembly that leave it running, each with databases of its own. It starts when the
/// first asks.
/// </summary>
public sealed class SharedDatabases : IAsyncDisposable
{
    private readonly Lazy<Task<PostgresServer>> _server = new(StartAsync);

    /// <summary>Makes an empty database.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync() => await (await _server.Value).CreateDatabaseAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated)
            await (await _server.Value).DisposeAsync();
    }

    private static async Task<PostgresServer> StartAsync()
    {
        var server = new PostgresServer();
        await server.InitializeAsync();
        return server;
    }
}
