using Dmkd.Contracts.Experts;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Devices;
using Dmkd.Core.Modules;
using Dmkd.Grains.Storage;

namespace Dmkd.Grains.Routing;

/// <summary>
/// Expert networks that routing uses, loaded once per silo and version. A new version of a module takes the place of the old
/// one, which is disposed when its last user is done. Owns its networks. Thread-safe.
/// </summary>
internal sealed class ExpertCache(IWeightStore weights) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = [];

    /// <summary>Rents the networks of some modules; dispose the lease when their scores are computed.</summary>
    public async Task<Lease> RentAsync(IReadOnlyList<ModuleSnapshot> modules, DeviceWorker worker, CancellationToken cancellationToken)
    {
        var contents = new Dictionary<string, byte[]>();
        foreach (var module in modules.Where(module => !Contains(module)))
            contents[module.Current.Digest] = await weights.GetAsync(module.Current.Digest, cancellationToken);
        if (contents.Count > 0)
        {
            await worker.RunAsync(
                job =>
                {
                    foreach (var module in modules.Where(module => contents.ContainsKey(module.Current.Digest)))
                        Add(module, job.Keep(NetworkLoader.Load(module.Descriptor.Architecture, contents[module.Current.Digest], job.Device)));
                    return true;
                },
                cancellationToken);
        }

        lock (_gate) return new Lease(this, [.. modules.Select(module => _entries[module.Descriptor.Key].Rent())]);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var entry in _entries.Values) entry.Release();
            _entries.Clear();
        }
    }

    private bool Contains(ModuleSnapshot module)
    {
        lock (_gate) return _entries.TryGetValue(module.Descriptor.Key, out var entry) && entry.Digest == module.Current.Digest;
    }

    private void Add(ModuleSnapshot module, Network network)
    {
        lock (_gate)
        {
            if (_entries.Remove(module.Descriptor.Key, out var old)) old.Release();
            _entries[module.Descriptor.Key] = new Entry(module.Current.Digest, network);
        }
    }

    private void Return(IEnumerable<Entry> entries)
    {
        lock (_gate)
        {
            foreach (var entry in entries) entry.Release();
        }
    }

    /// <summary>Networks in use.</summary>
    internal sealed class Lease(ExpertCache cache, IReadOnlyList<Entry> entries) : IDisposable
    {
        /// <summary>In the order asked for, in evaluation mode. Borrowed.</summary>
        public IReadOnlyList<Network> Networks { get; } = [.. entries.Select(entry => entry.Network)];

        public void Dispose() => cache.Return(entries);
    }

    /// <summary>A network with the number of its users; the cache itself is one.</summary>
    internal sealed class Entry(string digest, Network network)
    {
        private int _users = 1;

        public string Digest { get; } = digest;

        public Network Network { get; } = network;

        public Entry Rent()
        {
            _users++;
            return this;
        }

        public void Release()
        {
            if (--_users == 0) Network.Dispose();
        }
    }
}
