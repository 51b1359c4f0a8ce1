using Dmkd.Contracts.Experts;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Devices;
using Dmkd.Core.Modules;
using Dmkd.Grains.Caching;
using Microsoft.Extensions.Caching.Memory;

namespace Dmkd.Grains.Routing;

/// <summary>
/// Expert networks that routing uses, loaded once per silo and version. A new version of a module takes the place of the old
/// one; what is replaced, or was not asked for in a while, is disposed when its last user is done. Owns its networks. Thread-safe.
/// </summary>
internal sealed class ExpertCache(ServedWeights weights, TimeProvider time) : IDisposable
{
    /// <summary>How long a network is kept that nobody asks for.</summary>
    public static readonly TimeSpan LongestIdle = TimeSpan.FromMinutes(15);

    private readonly Lock _gate = new();
    private readonly MemoryCache _entries = IdleExpiry.CreateCache(time);

    /// <summary>Networks at hand.</summary>
    public int Count => _entries.Count;

    /// <summary>Rents the networks of some modules; dispose the lease when their scores are computed.</summary>
    /// <param name="modules">The modules.</param>
    /// <param name="acceptsEarlier">Whether an earlier version may serve where the current one cannot be read.</param>
    /// <param name="worker">Loads networks.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="Storage.WeightStoreException">Weights cannot be read.</exception>
    public async Task<Lease> RentAsync(IReadOnlyList<ModuleSnapshot> modules, bool acceptsEarlier, DeviceWorker worker, CancellationToken cancellationToken)
    {
        var rented = new Entry?[modules.Count];
        try
        {
            lock (_gate)
            {
                for (int i = 0; i < rented.Length; i++) rented[i] = Find(modules[i], acceptsEarlier)?.Rent();
            }

            int[] missing = [.. Enumerable.Range(0, rented.Length).Where(i => rented[i] is null)];
            if (missing.Length > 0) await LoadAsync(modules, missing, rented, acceptsEarlier, worker, cancellationToken);
            return new Lease(this, rented!);
        }
        catch
        {
            Return(rented.OfType<Entry>());
            throw;
        }
    }

    public void Dispose()
    {
        _entries.Clear(); // what is left is let go on other threads
        _entries.Dispose();
    }

    private async Task LoadAsync(IReadOnlyList<ModuleSnapshot> modules, int[] missing, Entry?[] rented, bool acceptsEarlier, DeviceWorker worker, CancellationToken cancellationToken)
    {
        var contents = new (ModuleVersion Version, byte[] Content)[missing.Length];
        for (int i = 0; i < missing.Length; i++) contents[i] = await weights.ReadAsync(modules[missing[i]], acceptsEarlier, cancellationToken);
        await worker.RunAsync(
            job =>
            {
                foreach (var (i, (version, content)) in missing.Zip(contents))
                    rented[i] = Add(modules[i], version, job.Keep(NetworkLoader.Load(modules[i].Descriptor.Architecture, content, job.Device)));
                return true;
            },
            cancellationToken);
    }

    private Entry? Find(ModuleSnapshot module, bool acceptsEarlier) =>
        _entries.TryGetValue(module.Descriptor.Key, out Entry? entry) && entry!.Digest == module.Current.Digest && (acceptsEarlier || entry.Replacement is null) ? entry : null;

    /// <summary>Adds a network.</summary>
    /// <returns>It, rented.</returns>
    private Entry Add(ModuleSnapshot module, ModuleVersion served, Network network)
    {
        string? replacement = served.Number == module.Current.Number ? null
            : $"{module.Descriptor.Name} version {module.Current.Number} cannot be read: version {served.Number} answers";
        var entry = new Entry(module.Current.Digest, network, replacement).Rent();
        _entries.SetIdling(module.Descriptor.Key, entry, LongestIdle, left => Return([left]));
        return entry;
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
