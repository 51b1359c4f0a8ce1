using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Dmkd.Grains.Tests.Postgres;

/// <summary>
/// A PostgreSQL of the tests' own on a free port of loopback, or the one that DMKD_TEST_POSTGRES names (a connection
/// string of a user that may create databases). Tests skip where there is neither.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private const string Variable = "DMKD_TEST_POSTGRES";
    private const string User = "dmkd";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly List<string> _created = [];
    private string? _folder;
    private string? _server = Environment.GetEnvironmentVariable(Variable);
    private string? _missing;

    private static string? Programs =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory
                .EnumerateDirectories("/usr/lib/postgresql")
                .Order(StringComparer.Ordinal)
                .Select(version => Path.Combine(version, "bin"))
                .LastOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
            : null;

    /// <summary>Makes an empty database.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        Assert.SkipWhen(_server is null, _missing ?? "");
        string name = $"dmkd_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {name}");
        _created.Add(name);
        return new NpgsqlConnectionStringBuilder(_server) { Database = name }.ConnectionString;
    }

    /// <summary>Stops the server at once and starts it again, as an operator would: connections break.</summary>
    public async Task RestartAsync()
    {
        Assert.SkipWhen(_folder is null, $"the server of {Variable} is not ours to restart");
        await RunAsync("pg_ctl", "-D", _folder!, "-m", "immediate", "-w", "stop");
        await StartAsync();
    }

    public async ValueTask InitializeAsync()
    {
        if (_server is not null)
            return;
        if (Programs is null)
        {
            _missing = $"no PostgreSQL: install Debian's postgresql, or let {Variable} name a server";
            return;
        }

        _folder = Path.Combine(Path.GetTempPath(), $"dmkd-postgres-{Guid.NewGuid():N}");
        await RunAsync(
            "initdb",
            "-D",
            _folder,
            "-U",
            User,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync"
        );
        int port = FreePort();
        _server = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = User,
            Database = "postgres",
            Pooling = false,
        }.ConnectionString;
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_folder is not null)
        {
            await RunAsync("pg_ctl", "-D", _folder, "-m", "immediate", "-w", "stop");
            Directory.Delete(_folder, recursive: true);
        }
        else if (_server is not null)
        {
            foreach (string name in _created)
                await ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        }
    }

    private Task StartAsync()
    {
        int port = new NpgsqlConnectionStringBuilder(_server).Port;
        return RunAsync(
            "pg_ctl",
            "-D",
            _folder!,
            "-w",
            "-l",
            Path.Combine(_folder!, "log"),
            "-o",
            $"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off",
            "start"
        );
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_server);
        await connection.OpenAsync();
#pragma warning disable CA2100 // names made here
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>PostgreSQL does not run as root: its own user does it then.</summary>
    private static async Task RunAsync(string program, params string[] arguments)
    {
        string path = Path.Combine(Programs!, program);
        var start =
            Environment.UserName == "root"
                ? new ProcessStartInfo("runuser", ["-u", "postgres", "--", path, .. arguments])
                : new ProcessStartInfo(path, arguments);
        // The server outlives pg_ctl and would hold redirected streams open: its output goes to its log.
        bool isServer = arguments.Contains("start");
        start.RedirectStandardOutput = start.RedirectStandardError = !isServer;
        start.WorkingDirectory = "/";
        using var process = Process.Start(start)!;
        var output = isServer ? Task.FromResult("") : process.StandardOutput.ReadToEndAsync();
        var error = isServer ? Task.FromResult("") : process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Limit);
        if (process.ExitCode != 0)
            throw new InvalidOperationException(
                $"{program} ended with {process.ExitCode}: {await error} {await output}"
            );
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
