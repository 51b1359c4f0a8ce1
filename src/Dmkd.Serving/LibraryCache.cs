using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Core.Routing;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Internal;

namespace Dmkd.Serving;

/// <summary>
/// Networks and fitted gates that libraries answer with, loaded once per process and version. A new version of a module
/// takes the place of the old one; what is replaced, or was not asked for in a while, is disposed when its last user is
/// done. Owns its networks. Thread-safe.
/// </summary>
public sealed class LibraryCache(TimeProvider time) : IDisposable
{
    /// <summary>How long a network is kept that nobody asks for.</summary>
    public static readonly TimeSpan MaxIdle = TimeSpan.FromMinutes(15);

    private readonly Lock _gate = new();
    private readonly MemoryCache _entries = IdleExpiry.CreateCache(time);
    private readonly MemoryCache _gates = IdleExpiry.CreateCache(time);

    /// <summary>Networks at hand.</summary>
    public int Count => _entries.Count;

    /// <summary>Rents the networks of some modules; dispose the lease when their scores are computed.</summary>
    /// <param name="source">Where their weights lie.</param>
    /// <param name="modules">The modules.</param>
    /// <param name="acceptsEarlier">Whether an earlier version may serve where the current one cannot be read.</param>
    /// <param name="worker">Loads networks.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<Lease> RentAsync(
        ILibrarySource source,
        IReadOnlyList<LibraryMember> modules,
        bool acceptsEarlier,
        DeviceWorker worker,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(modules);
        ArgumentNullException.ThrowIfNull(worker);
        var rented = new Entry?[modules.Count];
        try
        {
            lock (_gate)
            {
                for (int i = 0; i < rented.Length; i++)
                    rented[i] = Find(modules[i], acceptsEarlier)?.Rent();
            }

            int[] missing = [.. Enumerable.Range(0, rented.Length).Where(i => rented[i] is null)];
            if (missing.Length > 0)
            {
                var contents = new MemberWeights[missing.Length];
                for (int i = 0; i < missing.Length; i++)
                    contents[i] = await source.ReadAsync(modules[missing[i]], acceptsEarlier, cancellationToken);
                await worker.RunAsync(job => Load(job, modules, missing, contents, rented), cancellationToken);
            }

            return new Lease(this, rented!);
        }
        catch
        {
            Return(rented.OfType<Entry>());
            throw;
        }
    }

    /// <summary>The parameters of a library's fitted gate.</summary>
    /// <param name="source">Where they lie.</param>
    /// <param name="fitted">The fit.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<GateParameters> GateAsync(
        ILibrarySource source,
        FittedRouting fitted,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(fitted);
        string library = source.Manifest.Name;
        if (_gates.TryGetValue(library, out KnownGate? known) && known!.Digest == fitted.Digest)
            return known.Parameters;
        var parameters = await source.ReadGateAsync(fitted, cancellationToken);
        _gates.SetIdling(library, new KnownGate(fitted.Digest, parameters), MaxIdle);
        return parameters;
    }

    /// <summary>Lets go of everything; what is in use stays until its users are done.</summary>
    public void Dispose()
    {
        _entries.Clear(); // what is left is let go on other threads
        _entries.Dispose();
        _gates.Dispose();
    }

    private bool Load(
        DeviceJob job,
        IReadOnlyList<LibraryMember> modules,
        int[] missing,
        MemberWeights[] contents,
        Entry?[] rented
    )
    {
        for (int i = 0; i < missing.Length; i++)
        {
            var module = modules[missing[i]];
            var network = job.Keep(NetworkLoader.Load(module.Architecture, contents[i].Content, job.Device));
            rented[missing[i]] = Add(module, contents[i].Version, network);
        }

        return true;
    }

    private Entry? Find(LibraryMember module, bool acceptsEarlier)
    {
        bool isThere = _entries.TryGetValue(module.Key, out Entry? entry) && entry!.Digest == module.Digest;
        return isThere && (acceptsEarlier || entry!.Replacement is null) ? entry : null;
    }

    /// <summary>Adds a network.</summary>
    /// <returns>It, rented.</returns>
    private Entry Add(LibraryMember module, int served, Network network)
    {
        string? replacement = null;
        if (served != module.Version)
            replacement = $"{module.Name} version {module.Version} cannot be read: version {served} answers";
        var entry = new Entry(module.Digest, network, replacement).Rent();
        _entries.SetIdling(module.Key, entry, MaxIdle, left => Return([left]));
        return entry;
    }

    private void Return(IEnumerable<Entry> entries)
    {
        lock (_gate)
        {
            foreach (var entry in entries)
                entry.Release();
        }
    }

    /// <summary>Networks in use.</summary>
    public sealed class Lease : IDisposable
    {
        private readonly LibraryCache _cache;
        private readonly IReadOnlyList<Entry> _entries;

        internal Lease(LibraryCache cache, IReadOnlyList<Entry> entries)
        {
            _cache = cache;
            _entries = entries;
            Networks = [.. entries.Select(entry => entry.Network)];
            Replacements = [.. entries.Select(entry => entry.Replacement).OfType<string>()];
        }

        /// <summary>In the order asked for, in evaluation mode. Borrowed.</summary>
        public IReadOnlyList<Network> Networks { get; }

        /// <summary>A line per module that an earlier version serves.</summary>
        public IReadOnlyList<string> Replacements { get; }

        /// <summary>Gives them back.</summary>
        public void Dispose() => _cache.Return(_entries);
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
            if (--_users == 0)
                Network.Dispose();
        }
    }

    private sealed record KnownGate(string Digest, GateParameters Parameters);
}

/// <summary>
/// Caches that let go of what nobody asked for in a while: a silo serves many libraries one after the other, and must
/// not keep them all.
/// </summary>
internal static class IdleExpiry
{
    /// <summary>An empty cache.</summary>
    /// <param name="time">What time it is.</param>
    public static MemoryCache CreateCache(TimeProvider time) => new(new MemoryCacheOptions { Clock = new Clock(time) });

    /// <summary>Adds a value that leaves when it was idle for a time, or another takes its place.</summary>
    /// <param name="cache">Where to.</param>
    /// <param name="key">Its key.</param>
    /// <param name="value">The value.</param>
    /// <param name="maxIdle">How long nobody may ask for it.</param>
    /// <param name="letGo">Called once it has left, on another thread; null for nothing.</param>
    public static void SetIdling<T>(
        this MemoryCache cache,
        object key,
        T value,
        TimeSpan maxIdle,
        Action<T>? letGo = null
    )
    {
        var options = new MemoryCacheEntryOptions { SlidingExpiration = maxIdle };
        if (letGo is not null)
            options.RegisterPostEvictionCallback((_, left, _, _) => letGo((T)left!));
        cache.Set(key, value, options);
    }

    private sealed class Clock(TimeProvider time) : ISystemClock
    {
        public DateTimeOffset UtcNow => time.GetUtcNow();
    }
}
