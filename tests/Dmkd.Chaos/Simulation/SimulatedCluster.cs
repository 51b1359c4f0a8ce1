using System.Globalization;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Experts;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// Runs with all that they fill and ask, in a simulated world: run, module, catalog, directory, coordinator, nodes and
/// router. The actors and their stages are the product's own; only tensors, storage, network and time are simulated.
/// </summary>
internal sealed partial class SimulatedCluster
{
    public const string RunId = Scenario.RunId;
    private const int Silos = 3;
    private static readonly TimeSpan PollPeriod = TimeSpan.FromSeconds(1);

    /// <summary>What runs have to tell others after their end is told by then.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(4);

    /// <summary>The data set of all worlds. Read before any begins, since reading leaves their threads.</summary>
    private static readonly DatasetCache Datasets = new();

    private readonly Scenario _scenario;
    private readonly DateTimeOffset _faultsEnd;
    private readonly World _world;
    private readonly Disk _disk;
    private readonly RetryingWeightStore _weights;
    private readonly Network _network;
    private readonly WorldClock _clock;
    private readonly GrainLines _grains;
    private readonly StageServices _services;
    private readonly List<IVictim> _victims = [];
    private readonly Dictionary<string, object> _hosts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _reminders = new(StringComparer.Ordinal);
    private readonly SimulatedClient[] _clients;

    public SimulatedCluster(Scenario scenario, bool isDisturbed)
    {
#pragma warning disable VSTHRD002 // no world has begun yet: its thread may wait
        _ = Datasets.GetAsync(scenario.Settings.Data).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
        _scenario = scenario;
        _faultsEnd = DateTimeOffset.UnixEpoch.AddSeconds(scenario.Faults.Until);
        _world = new World(scenario.Seed);
        _disk = new Disk(_world, () => Faults);
        _clock = new WorldClock(_world);
        var outages = new StoreOutages();
        _weights = new RetryingWeightStore(_disk, _clock, outages, NullLogger<RetryingWeightStore>.Instance);
        _network = new Network(_world, () => Faults);
        _grains = new GrainLines(this);
        var work = new TallyRunWork(_world);
        _services = new StageServices(_weights, Datasets, work, work, outages, Unheard.Instruments, _clock)
        {
            PollPeriod = PollPeriod,
        };
        Disturbed = isDisturbed;
        Journal = new Journal { IsTraced = isDisturbed && Environment.GetEnvironmentVariable("TRACE") is not null };
        _clients = [.. Clients()];
    }

    public Journal Journal { get; }

    public World World => _world;

    /// <summary>The ids of the runs.</summary>
    public IEnumerable<string> RunIds => _clients.Select(client => client.RunId);

    /// <summary>The first module's versions as stored.</summary>
    public IReadOnlyList<ModuleVersion> Versions => ModuleOf(RunId, 0).Versions;

    private bool Disturbed { get; }

    private Faults Faults => Disturbed && _world.Now < _faultsEnd ? _scenario.Faults : Faults.None;

    /// <summary>A run as stored.</summary>
    public TrainingRunState RunOf(string runId) => _disk.Read<TrainingRunState>(SlotOf<TrainingRun>(runId));

    /// <summary>A module as stored.</summary>
    public ExpertModuleState ModuleOf(string runId, int task) =>
        _disk.Read<ExpertModuleState>(SlotOf<ExpertModule>(KeyOf(runId, task)));

    /// <summary>A library's catalog as stored.</summary>
    public ModuleCatalogState CatalogOf(string library) =>
        _disk.Read<ModuleCatalogState>(SlotOf<ModuleCatalog>(library));

    /// <summary>The directory as stored.</summary>
    public LibraryDirectoryState Directory() =>
        _disk.Read<LibraryDirectoryState>(SlotOf<LibraryDirectory>(Contracts.Libraries.ILibraryDirectoryGrain.Key));

    /// <summary>Where the runs are, for a message.</summary>
    public string Describe()
    {
        var parts = RunIds.Select(id =>
        {
            var run = RunOf(id);
            string key = KeyOf(id, run.Task);
            var state = _disk.Read<MergeCoordinatorState>(SlotOf<MergeCoordinator>(key));
            return $"{id} {run.Phase} in task {run.Task}, round {run.Round} ({run.Error}) failed in {run.FailedIn} "
                + $"stopped {run.IsStopped}; coordinator {state.Phase} in round {state.Plan?.Round}, "
                + $"{state.Projected.Count} projected, {state.Accepted.Count} of {state.Plan?.Participants.Length} "
                + $"accepted, {state.Withdrawn.Count} withdrawn, opened {state.OpenedAt:T}, {state.Error}; "
                + $"module at version {ModuleOf(id, run.Task).Versions.LastOrDefault()?.Number}";
        });
        return $"{string.Join("; ", parts)}; after {_world.Steps} steps at {_world.Now:T}";
    }

    /// <summary>Updates in some weights.</summary>
    public string[] UpdatesIn(string digest) => Tally.Read(_disk.Blob(digest)).Updates;

    /// <summary>The digest of a blob.</summary>
    public static string DigestOf(byte[] content) => Disk.Digest(content);

    /// <summary>Falsifies the newest version, so that a test can see that this is noticed.</summary>
    internal void CountTwice()
    {
        var state = ModuleOf(RunId, 0);
        string[] updates = UpdatesIn(state.Versions[^1].Digest);
        state.Versions[^1] = state.Versions[^1] with
        {
            Digest = _disk.Keep(new Tally([.. updates, updates[^1]]).ToBytes()),
        };
        _disk.Keep(SlotOf<ExpertModule>(KeyOf(RunId, 0)), state);
    }

    /// <summary>Has a node freeze and never answer again.</summary>
    internal void FreezeForGood(int node, TimeSpan at) =>
        _world.After(at, () => Node(RunRules.NodeKey(RunId, node)).Freeze(TimeSpan.FromDays(1), isReplaced: false));

    /// <summary>Runs the runs to their end.</summary>
    /// <param name="limit">Time by which they must have ended.</param>
    /// <param name="phase">The phase that ends a run.</param>
    /// <returns>Whether they have.</returns>
    public bool RunToEnd(TimeSpan limit, RunPhase phase = RunPhase.Completed)
    {
        foreach (var client in _clients)
            client.Start();
        Remind();
        if (Disturbed)
            Disturb();
        int seen = 0;
        bool ended = false;
        if (!_world.RunUntil(HaveEnded, DateTimeOffset.UnixEpoch + limit))
            return false;
        _ = _world.RunUntil(() => false, _world.Now + Settling);
        return !_world.HasStrayed;

        bool HaveEnded()
        {
            if (Journal.Seen.Count == seen)
                return ended;
            seen = Journal.Seen.Count;
            ended = _clients.All(client => Journal.Seen.Contains((client.RunId, phase)));
            return ended;
        }
    }

    private IEnumerable<SimulatedClient> Clients()
    {
        yield return new SimulatedClient(RunId, _scenario.Settings, _world, _grains, Journal);
        if (_scenario.Other is { } other)
            yield return new SimulatedClient(Scenario.OtherId, other, _world, _grains, Journal)
            {
                WaitsFor = other.ExpertsOf,
            };
    }

    private Host<TrainingRun> Run(string id) =>
        HostOf(
            id,
            () =>
                new HostedActor<TrainingRun>(
                    (life, broken) =>
                    {
                        var host = new RunStand(this, id, broken);
                        var slot = Open<TrainingRun, TrainingRunState>(id, life);
                        var run = new TrainingRun(id, slot, _services, host, new EventLimits(10), NullLogger.Instance);
                        run.Activate(goesOn: true);
                        return run;
                    }
                )
                {
                    End = (run, isSiloEnding) => run.End(isSiloEnding),
                }
        );

    private Host<ExpertModule> Module(string key) =>
        HostOf(
            key,
            () =>
                new HostedActor<ExpertModule>(
                    (life, broken) =>
                    {
                        var slot = Open<ExpertModule, ExpertModuleState>(key, life);
                        var module = new ExpertModule(key, slot, _grains, broken);
                        module.Start();
                        return module;
                    }
                )
        );

    private Host<ModuleCatalog> Catalog(string library) =>
        HostOf(
            library,
            () =>
                new HostedActor<ModuleCatalog>(
                    (life, broken) =>
                        new ModuleCatalog(
                            library,
                            Open<ModuleCatalog, ModuleCatalogState>(library, life),
                            _grains,
                            broken
                        )
                )
        );

    private Host<LibraryDirectory> Library(string key) =>
        HostOf(
            key,
            () =>
                new HostedActor<LibraryDirectory>(
                    (life, broken) =>
                        new LibraryDirectory(Open<LibraryDirectory, LibraryDirectoryState>(key, life), broken)
                )
        );

    private Host<MergeCoordinator> Coordinator(string key) =>
        HostOf(
            key,
            () =>
                new HostedActor<MergeCoordinator>(
                    (life, broken) =>
                    {
                        var coordinator = new MergeCoordinator(
                            key,
                            Open<MergeCoordinator, MergeCoordinatorState>(key, life),
                            new TallyMergeWork(_world, _weights),
                            new GrainContacts(_grains, key, _clock),
                            _clock,
                            NullLogger.Instance,
                            broken
                        )
                        {
                            Instruments = Unheard.Instruments,
                        };
                        coordinator.Start();
                        return coordinator;
                    }
                )
                {
                    Tick = coordinator => coordinator.TickAsync(),
                    End = (coordinator, _) => coordinator.Stop(),
                }
        );

    private Host<NodeParticipant> Node(string key) =>
        HostOf(
            key,
            () =>
                new HostedActor<NodeParticipant>(
                    (life, broken) =>
                        new NodeParticipant(
                            key,
                            Open<NodeParticipant, NodeState>(key, life),
                            new TallyNodeWork(_world, _weights, SlownessOf(key), Journal),
                            _weights,
                            new NodeLines(this),
                            _clock,
                            NullLogger.Instance,
                            broken
                        )
                        {
                            PollPeriod = PollPeriod,
                            Instruments = Unheard.Instruments,
                        }
                )
                {
                    End = (node, _) => node.Dispose(),
                }
        );

    private Host<TallyRouter> Router(string library) =>
        HostOf(
            library,
            () => new HostedActor<TallyRouter>((_, _) => new TallyRouter(_world, library, _grains, _weights))
        );

    private Host<TActor> HostOf<TActor>(string key, Func<HostedActor<TActor>> kind)
        where TActor : class
    {
        string name = SlotOf<TActor>(key);
        if (_hosts.TryGetValue(name, out object? known))
            return (Host<TActor>)known;
        var host = new Host<TActor>(_world, _network, () => Faults, kind());
        _hosts[name] = host;
        _victims.Add(host);
        return host;
    }

    private Disk.Slot<TState> Open<TActor, TState>(string key, IMortal life)
        where TState : new() => _disk.Open<TState>(SlotOf<TActor>(key), life);

    private static string SlotOf<TActor>(string key) => $"{typeof(TActor).Name} {key}";

    private static string KeyOf(string runId, int task) => ModuleDescriptor.KeyOf(runId, RunRules.ModuleName(task));

    private double SlownessOf(string node) =>
        _scenario.Slowness[int.Parse(node[(node.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture) - 1];

    /// <summary>Clusters wake runs that nobody looks at.</summary>
    private void Remind() =>
        _world.After(
            TimeSpan.FromMinutes(1),
            () =>
            {
                foreach (string run in _reminders)
                    _ = Run(run).CallAsync(actor => actor.WakeAsync());
                Remind();
            }
        );

    private void Disturb()
    {
        var faults = _scenario.Faults;
        Repeat(faults.MeanTimeBetweenDeaths, Kill);
        Repeat(faults.MeanTimeBetweenFreezes, () => Anybody().Freeze(_world.Between(1, 60), _world.Happens(0.5)));
        Repeat(faults.MeanTimeBetweenRestarts, RestartAll);
        Repeat(faults.MeanTimeBetweenStops, () => _clients[_world.Random.Next(_clients.Length)].Stop());
        if (faults.BlobLostAt > 0)
            _world.After(TimeSpan.FromSeconds(faults.BlobLostAt), _disk.LoseBlob);
        _world.After(TimeSpan.FromSeconds(faults.Until), _disk.RestoreBlob);
        if (!_scenario.Moves)
            return;
        int nodes = _scenario.Settings.Participation.Nodes;
        Repeat(20, () => _ = MoveAsync(_world.Random.Next(nodes)));
        _world.After(TimeSpan.FromSeconds(faults.Until + 1), Return);
    }

    /// <summary>One actor dies, or a silo with a third of them.</summary>
    private void Kill()
    {
        if (_victims.Count == 0)
            return;
        if (_world.Happens(0.5))
        {
            Anybody().Die();
            return;
        }

        int silo = _world.Random.Next(Silos);
        foreach (var (place, victim) in _victims.Index())
        {
            if (place % Silos == silo)
                victim.Die();
        }
    }

    /// <summary>One silo after the other is asked to end, as when a cluster gets another program.</summary>
    private void RestartAll()
    {
        for (int silo = 0; silo < Silos; silo++)
        {
            int own = silo;
            _world.After(
                _world.Between(0, 5) + (silo * TimeSpan.FromSeconds(10)),
                () =>
                {
                    foreach (var (place, victim) in _victims.Index())
                    {
                        if (place % Silos == own)
                            victim.End();
                    }
                }
            );
        }
    }

    private IVictim Anybody() => _victims[_world.Random.Next(_victims.Count)];

    /// <summary>A node leaves or returns; one stays.</summary>
    private async Task MoveAsync(int node)
    {
        var absent = RunOf(RunId).Absent;
        var run = Run(RunId);
        if (absent.Contains(node))
            await run.CallAsync(actor => actor.JoinAsync(node));
        else if (absent.Count + 1 < _scenario.Settings.Participation.Nodes)
            await run.CallAsync(actor => actor.LeaveAsync(node));
    }

    /// <summary>When all faults are over, all nodes come back, also those that leave late.</summary>
    private void Return()
    {
        if (RunOf(RunId).Absent is { Count: > 0 } absent)
            _ = MoveAsync(absent.Min);
        _world.After(TimeSpan.FromSeconds(10), Return);
    }

    private void Repeat(double mean, Action fault)
    {
        if (mean <= 0)
            return;
        _world.After(
            _world.Between(0, 2 * mean),
            () =>
            {
                if (ReferenceEquals(Faults, Faults.None))
                    return;
                fault();
                Repeat(mean, fault);
            }
        );
    }
}
