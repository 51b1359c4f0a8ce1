using Dmkd.Contracts.Settings;
using Dmkd.Grains.Nodes;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Chaos.Simulation;

/// <summary>What the actors of a simulated world live in: time, disk, and who writes down what happens.</summary>
internal sealed class Surroundings
{
    private readonly Faults _faults;
    private readonly DateTimeOffset _faultsEnd;
    private readonly Dictionary<string, Action> _reminders = new(StringComparer.Ordinal);

    /// <param name="seed">What chance begins with.</param>
    /// <param name="faults">What goes wrong, if anything does.</param>
    /// <param name="isDisturbed">Whether anything does.</param>
    public Surroundings(int seed, Faults faults, bool isDisturbed)
    {
        _faults = faults;
        _faultsEnd = DateTimeOffset.UnixEpoch.AddSeconds(faults.Until);
        IsDisturbed = isDisturbed;
        World = new World(seed);
        Disk = new Disk(World, () => FaultsNow);
        Clock = new WorldClock(World);
        Weights = new RetryingWeightStore(Disk, Clock, Outages, NullLogger<RetryingWeightStore>.Instance);
        Journal = new Journal { IsTraced = isDisturbed && Environment.GetEnvironmentVariable("TRACE") is not null };
    }

    /// <summary>The data set of all worlds. Read before any begins, since reading leaves their threads.</summary>
    public static DatasetCache Datasets { get; } = new();

    public World World { get; }

    public Disk Disk { get; }

    public WorldClock Clock { get; }

    public StoreOutages Outages { get; } = new();

    /// <summary>The disk's blobs by the product's own way of repeating.</summary>
    public RetryingWeightStore Weights { get; }

    public Journal Journal { get; }

    public bool IsDisturbed { get; }

    /// <summary>Factor on the training time of each node.</summary>
    public double[] Slowness { get; init; } = [];

    /// <summary>Share of merges that make the module worse.</summary>
    public double BadMerges { get; init; }

    /// <summary>What goes wrong now.</summary>
    public Faults FaultsNow => IsDisturbed && World.Now < _faultsEnd ? _faults : Faults.None;

    /// <summary>Those who are woken now and then, whether anybody looks at them or not.</summary>
    public IReadOnlyCollection<string> Reminded => _reminders.Keys;

    /// <summary>Reads a data set; to be called before a world begins.</summary>
    public static void Load(DataSource data)
    {
#pragma warning disable VSTHRD002 // no world has begun yet: its thread may wait
        _ = Datasets.GetAsync(data).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
    }

    /// <summary>Has somebody woken from now on.</summary>
    public async Task SetReminderAsync(string name, Action wake)
    {
        await World.Delay(World.Between(0, 0.02));
        _reminders.TryAdd(name, wake);
    }

    /// <summary>Ends that.</summary>
    public async Task ForgetReminderAsync(string name)
    {
        await World.Delay(World.Between(0, 0.02));
        _reminders.Remove(name);
    }

    /// <summary>Clusters wake runs that nobody looks at.</summary>
    public void Remind() =>
        World.After(
            TimeSpan.FromMinutes(1),
            () =>
            {
                foreach (var wake in _reminders.Values)
                    wake();
                Remind();
            }
        );
}
