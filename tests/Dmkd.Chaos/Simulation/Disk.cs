using System.Text.Json;
using System.Text.Json.Serialization;
using Dmkd.Hosting.Lifecycle;
using Dmkd.Hosting.Storage;
using Orleans.Storage;

namespace Dmkd.Chaos.Simulation;

/// <summary>What survives in a world: states with versions, and blobs by digest.</summary>
internal sealed class Disk(World world, Func<Faults> faults) : IWeightStore
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly Dictionary<string, (byte[] Content, int Version)> _states = [];
    private readonly Dictionary<string, byte[]> _blobs = [];
    private string? _lost;

    /// <summary>A state was stored; told with what stored it.</summary>
    public event Action<object, IMortal?>? Written;

    /// <summary>Reads an actor's state.</summary>
    public Slot<TState> Open<TState>(string name, IMortal owner)
        where TState : new() =>
        _states.TryGetValue(name, out var stored)
            ? new Slot<TState>(
                this,
                name,
                owner,
                JsonSerializer.Deserialize<TState>(stored.Content, Options)!,
                stored.Version
            )
            : new Slot<TState>(this, name, owner, new TState(), 0);

    /// <summary>A state as stored.</summary>
    public TState Read<TState>(string name)
        where TState : new() =>
        _states.TryGetValue(name, out var stored)
            ? JsonSerializer.Deserialize<TState>(stored.Content, Options)!
            : new TState();

    /// <inheritdoc/>
    public async Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        byte[] bytes = content.ToArray();
        await world.Delay(world.Between(0, 0.01));
        if (IsFull)
            throw new StoreUnavailableException("The weight store is full.");
        string digest = Digest(bytes);
        _blobs[digest] = bytes;
        if (_lost == digest)
            _lost = null;
        return digest;
    }

    /// <inheritdoc/>
    public async Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default)
    {
        await world.Delay(world.Between(0, 0.01));
        return digest == _lost ? throw new WeightStoreException($"The content of {digest} is damaged.") : Blob(digest);
    }

    /// <summary>A blob, at once.</summary>
    public byte[] Blob(string digest) =>
        _blobs.TryGetValue(digest, out byte[]? content)
            ? content
            : throw new WeightStoreException($"There is no {digest}.");

    /// <summary>Stores a blob, at once.</summary>
    public string Keep(byte[] content)
    {
        string digest = Digest(content);
        _blobs[digest] = content;
        return digest;
    }

    /// <summary>Stores a state, at once.</summary>
    public void Keep<TState>(string name, TState state)
    {
        _states[name] = (JsonSerializer.SerializeToUtf8Bytes(state, Options), 1);
        Written?.Invoke(state!, null);
    }

    /// <summary>From now on a blob, one of the newest, cannot be read.</summary>
    public void LoseBlob()
    {
        if (_blobs.Count > 0)
            _lost = _blobs.Keys.ElementAt(Math.Max(0, _blobs.Count - 1 - world.Random.Next(6)));
    }

    /// <summary>The blob can be read again, from a copy.</summary>
    public void RestoreBlob() => _lost = null;

    private bool IsFull
    {
        get
        {
            double now = (world.Now - DateTimeOffset.UnixEpoch).TotalSeconds;
            return faults().FullFrom > 0 && now >= faults().FullFrom && now < faults().FullTo;
        }
    }

    public static string Digest(byte[] content) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content));

    /// <summary>An actor's state as one incarnation sees it.</summary>
    internal sealed class Slot<TState>(Disk disk, string name, IMortal owner, TState state, int version)
        : IStateSlot<TState>
    {
        private int _version = version;

        public TState State => state;

        public async Task WriteAsync()
        {
            byte[] content = JsonSerializer.SerializeToUtf8Bytes(state, Options);
            var world = disk.World;
            bool isFull = disk.IsFull,
                dies = world.Happens(disk.Faults.DiesAtWrite),
                fails = isFull || world.Happens(disk.Faults.WriteFails),
                counts = !isFull && world.Happens(0.5);
            if (dies && !counts)
                owner.Die();
            await world.Delay(world.Between(0, 0.02));
            if ((disk._states.TryGetValue(name, out var stored) ? stored.Version : 0) != _version)
                throw new InconsistentStateException($"{name}: version {_version} is not the stored one.");
            if (!fails || counts)
            {
                disk._states[name] = (content, ++_version);
                disk.Written?.Invoke(state!, owner);
            }

            if (dies)
                owner.Die();
            if (dies || fails)
                await world.Delay(world.Between(0, 0.02)); // a dead writer does not get beyond this
            if (fails)
                throw Failure(isFull);
        }

        /// <summary>As Orleans tells what its storage's driver says.</summary>
        private OrleansException Failure(bool isFull)
        {
            string problem = $"{name}: the write failed.";
            bool isOfAStore = isFull || disk.World.Happens(0.5);
            return new OrleansException(
                problem,
                isOfAStore ? new StoreUnavailableException(problem) : new IOException(problem)
            );
        }
    }

    private World World => world;

    private Faults Faults => faults();
}
