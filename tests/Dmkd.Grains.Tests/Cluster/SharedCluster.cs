using Dmkd.Hosting.Clustering;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Two silos for all tests that need nothing special of them; every test uses run ids of its own.</summary>
public sealed class SharedCluster : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private DmkdCluster? _cluster;

    internal DmkdCluster Cluster => _cluster!;

    /// <summary>Where its state lies.</summary>
    internal SiloStorageOptions Storage => new(_folder.Path);

    public async ValueTask InitializeAsync() => _cluster = await DmkdCluster.StartAsync(_folder.Path, silos: 2);

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
        _folder.Dispose();
    }
}
