using Dmkd.Grains.Tests.Cluster;
using Dmkd.Hosting.Security;

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
