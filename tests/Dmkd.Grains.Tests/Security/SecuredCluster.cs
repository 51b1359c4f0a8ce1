using System.Net;
using System.Net.Sockets;
using Dmkd.Grains.Tests.Cluster;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Security;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Tests.Security;

/// <summary>Two silos that hold clients to their roles; a test says whose token its calls show.</summary>
internal sealed class SecuredCluster : IAsyncDisposable
{
    private readonly IssuedFolders _issued;
    private readonly TemporaryFolder _folder;
    private readonly DmkdCluster _cluster;
    private readonly string _clusterId;

    private SecuredCluster(IssuedFolders issued, TemporaryFolder folder, DmkdCluster cluster, string clusterId)
    {
        _clusterId = clusterId;
        _issued = issued;
        _folder = folder;
        _cluster = cluster;
    }

    public IGrainFactory Grains => _cluster.Grains;

    /// <summary>Services of the first silo.</summary>
    public IServiceProvider Services => _cluster.Services;

    /// <param name="callsPerSecond">Calls a second that a client may make to a silo.</param>
    /// <param name="configure">Changes the silos.</param>
    public static async Task<SecuredCluster> StartAsync(
        int callsPerSecond = 100_000,
        Action<ISiloBuilder>? configure = null
    )
    {
        var issued = new IssuedFolders();
        var folder = new TemporaryFolder();
        var silo = issued.Load(AccessRole.Silo, "silo");
        string clusterId = $"secured-{Guid.NewGuid():N}";
        string starting = CallerToken.Make(silo, clusterId, IssuedFolders.Now.AddMinutes(5));
        var cluster = await DmkdCluster.StartAsync(
            folder.Path,
            silos: 2,
            builder =>
            {
                configure?.Invoke(builder);
                builder.HoldToRoles(silo, callsPerSecond);
            },
            client => client.AddOutgoingGrainCallFilter(new ShowsSome(starting)),
            clusterId
        );
        return new SecuredCluster(issued, folder, cluster, clusterId);
    }

    /// <summary>The calls that follow come from somebody; from nobody for null.</summary>
    public void Become(AccessRole? role, string name = "somebody") =>
        RequestContext.Set(
            CallerToken.Key,
            role is { } known
                ? CallerToken.Make(_issued.Load(known, name), _clusterId, IssuedFolders.Now.AddMinutes(5))
                : "none"
        );

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _folder.Dispose();
        _issued.Dispose();
    }

    /// <summary>What the test host asks its silos at the start, it asks as one of them.</summary>
    private sealed class ShowsSome(string token) : IOutgoingGrainCallFilter
    {
        public async Task Invoke(IOutgoingGrainCallContext context)
        {
            if (RequestContext.Get(CallerToken.Key) is null)
                RequestContext.Set(CallerToken.Key, token);
            await context.Invoke();
        }
    }
}

/// <summary>A silo with certificates and ports of its own, and clients that connect to it by TLS.</summary>
internal sealed class TlsSilo : IAsyncDisposable
{
    private const string Name = "tls-silo";
    private readonly IssuedFolders _issued = new();
    private readonly TemporaryFolder _folder = new();
    private readonly List<IHost> _hosts = [];
    private readonly int _siloPort = FreePort(),
        _gatewayPort = FreePort();

    /// <summary>Starts the silo.</summary>
    public static async Task<TlsSilo> StartAsync(IAuditLog audit, CancellationToken cancellationToken)
    {
        var started = new TlsSilo();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(started._siloPort, started._gatewayPort, null, Name, Name);
            silo.AddDmkd(new SiloStorageOptions(started._folder.Path));
            silo.Services.AddSingleton(audit);
            silo.UseCertificates(started._issued.Load(AccessRole.Silo, "silo"));
        });
        await started.StartAsync(builder, cancellationToken);
        return started;
    }

    /// <summary>Connects with a certificate.</summary>
    /// <param name="shown">Whose token the calls show from when it is set; the certificate's own while it is not.</param>
    public async Task<IGrainFactory> ConnectAsync(
        ClusterCertificates certificates,
        Shown shown,
        CancellationToken cancellationToken
    )
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client =>
        {
            client.UseLocalhostClustering(_gatewayPort, Name, Name);
            client.UseCertificates(certificates);
            client.AddOutgoingGrainCallFilter(shown);
        });
        var host = await StartAsync(builder, cancellationToken);
        return host.Services.GetRequiredService<IClusterClient>();
    }

    /// <summary>A certificate of the silo's authority.</summary>
    public ClusterCertificates Issue(AccessRole role, string name) => _issued.Load(role, name);

    /// <summary>A token of its holder's own making.</summary>
    public static string TokenOf(ClusterCertificates certificates) =>
        CallerToken.Make(certificates, Name, IssuedFolders.Now.AddMinutes(5));

    public async ValueTask DisposeAsync()
    {
        foreach (var host in Enumerable.Reverse(_hosts))
        {
            await host.StopAsync(TestContext.Current.CancellationToken);
            host.Dispose();
        }

        _folder.Dispose();
        _issued.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<IHost> StartAsync(HostApplicationBuilder builder, CancellationToken cancellationToken)
    {
        var host = builder.Build();
        _hosts.Add(host);
        await host.StartAsync(cancellationToken);
        return host;
    }

    /// <summary>Shows another token than the program's own.</summary>
    internal sealed class Shown : IOutgoingGrainCallFilter
    {
        public string? Token { get; set; }

        public async Task Invoke(IOutgoingGrainCallContext context)
        {
            if (Token is not null)
                RequestContext.Set(CallerToken.Key, Token);
            await context.Invoke();
        }
    }
}
