using Dmkd.Contracts.Experts;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Devices;
using Dmkd.Core.Modules;

namespace Dmkd.Grains.Routing;

/// <summary>
/// Expert networks that routing uses, loaded once per silo and version. A new version of a module takes the place of the old
/// one, which is disposed when its last user is done. Owns its networks. Thread-safe.
/// </summary>
internal sealed class ExpertCache(ServedWeights weights) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = [];

    /// <summary>Rents the networks of some modules; dispose the lease when their scores are computed.</summary>
    /// <param name="modules">The modules.</param>
    /// <param name="acceptsEarlier">Whether an earlier version may serve where the current one cannot be read.</param>
    /// <param name="worker">Loads networks.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="Storage.WeightStoreException">Weights cannot be read.</exception>
    public async Task<Lease> RentAsync(IReadOnlyList<ModuleSnapshot> modules, bool acceptsEarlier, DeviceWorker worker, CancellationToken cancellationToken)
    {
        var contents = new Dictionary<string, (ModuleVersion Version, byte[] Content)>();
        foreach (var module in modules.Where(module => !Contains(module, acceptsEarlier)))
            contents[module.Descriptor.Key] = await weights.ReadAsync(module, acceptsEarlier, cancellationToken);
        if (contents.Count > 0)
        {
            await worker.RunAsync(
                job =>
                {
                    foreach (var module in modules)
                    {
                        if (!contents.TryGetValue(module.Descriptor.Key, out var served)) continue;
                        Add(module, served.Version, job.Keep(NetworkLoader.Load(module.Descriptor.Architecture, served.Content, job.Device)));
                    }

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

    private bool Contains(ModuleSnapshot module, bool acceptsEarlier)
    {
        lock (_gate)
        {
            return _entries.TryGetValue(module.Descriptor.Key, out var entry) && entry.Digest == module.Current.Digest && (acceptsEarlier || entry.Replacement is null);
        }
    }

    private void Add(ModuleSnapshot module, ModuleVersion served, Network network)
    {
        lock (_gate)
        {
            if (_entries.Remove(module.Descriptor.Key, out var old)) old.Release();
            string? replacement = served.Number == module.Current.Number ? null
                : $"{module.Descriptor.Name} version {module.Current.Number} cannot be read: version {served.Number} answers";
            _entries[module.Descriptor.Key] = new Entry(module.Current.Digest, network, replacement);
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

        /// <summary>A line per module that an earlier version serves.</summary>
        public string[] Replacements { get; } = [.. entries.Select(entry => entry.Replacement).OfType<string>()];

        public void Dispose() => cache.Return(entries);
    }

    /// <summary>A network with the number of its users; the cache itself is one.</summary>
    internal sealed class Entry(string digest, Network network, string? replacement)
    {
        private int _users = 1;

        public string Digest { get; } = digest;

        public Network Network { get; } = network;

        /// <summary>What is said when an earlier version serves; null when the asked one does.</summary>
        public string? Replacement { get; } = replacement;

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
