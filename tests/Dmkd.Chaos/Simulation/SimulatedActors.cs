using System.Globalization;
using Dmkd.Grains.Experts;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Grains.Runs.Stages;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// The actors of a simulated world, each made when it is first called: run, preservation, module, catalog, directory,
/// coordinator, nodes and router. They and their stages are the product's own.
/// </summary>
internal sealed class SimulatedActors
{
    private static readonly TimeSpan PollPeriod = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, object> _hosts = new(StringComparer.Ordinal);
    private readonly List<IVictim> _victims = [];
    private readonly Network _network;
    private readonly StageServices _stages;
    private readonly PreservationServices _preserving;

    public SimulatedActors(Surroundings surroundings)
    {
        Surroundings = surroundings;
        Grains = new GrainLines(this);
        _network = new Network(World, () => surroundings.FaultsNow);
        var work = new TallyRunWork(World);
        var (datasets, outages, clock) = (Surroundings.Datasets, surroundings.Outages, surroundings.Clock);
        _stages = new StageServices(Weights, datasets, work, work, outages, Unheard.Instruments, clock)
        {
            PollPeriod = PollPeriod,
        };
        var preserving = new TallyPreservationWork(World);
        _preserving = new PreservationServices(Weights, datasets, preserving, outages, Unheard.Instruments, clock);
    }

    public Surroundings Surroundings { get; }

    /// <summary>The actors as grains, over the network.</summary>
    public IGrainFactory Grains { get; }

    /// <summary>All that faults happen to.</summary>
    public IReadOnlyList<IVictim> Victims => _victims;

    public World World => Surroundings.World;

    public Journal Journal => Surroundings.Journal;

    public Hosting.Storage.IWeightStore Weights => Surroundings.Weights;

    /// <summary>What is stored of an actor.</summary>
    public TState Stored<TActor, TState>(string key)
        where TState : new() => Surroundings.Disk.Read<TState>(SlotOf<TActor>(key));

    public Host<TrainingRun> Run(string id) =>
        HostOf(
            id,
            () =>
                new HostedActor<TrainingRun>(
                    (life, broken) =>
                    {
                        var host = new ActorStand(this, new RunLine(this, id), broken);
                        var slot = Open<TrainingRun, TrainingRunState>(id, life);
                        var run = new TrainingRun(id, slot, _stages, host, new EventLimits(10), NullLogger.Instance);
                        run.Activate(goesOn: true);
                        return run;
                    }
                )
                {
                    End = (run, isSiloEnding) => run.End(isSiloEnding),
                }
        );

    public Host<PreservationRun> Preservation(string library) =>
        HostOf(
            library,
            () =>
                new HostedActor<PreservationRun>(
                    (life, broken) =>
                    {
                        var host = new ActorStand(this, new PreservationLine(this, library), broken);
                        var slot = Open<PreservationRun, PreservationState>(library, life);
                        var preservation = new PreservationRun(
                            library,
                            slot,
                            _preserving,
                            host,
                            new EventLimits(),
                            NullLogger.Instance
                        );
                        preservation.Activate(goesOn: true);
                        return preservation;
                    }
                )
                {
                    End = (preservation, isSiloEnding) => preservation.End(isSiloEnding),
                }
        );

    public Host<ExpertModule> Module(string key) =>
        HostOf(
            key,
            () =>
                new HostedActor<ExpertModule>(
                    (life, broken) =>
                    {
                        var slot = Open<ExpertModule, ExpertModuleState>(key, life);
                        var module = new ExpertModule(key, slot, Grains, broken);
                        module.Start();
                        return module;
                    }
                )
        );

    public Host<ModuleCatalog> Catalog(string library) =>
        HostOf(
            library,
            () =>
                new HostedActor<ModuleCatalog>(
                    (life, broken) =>
                        new ModuleCatalog(
                            library,
                            Open<ModuleCatalog, ModuleCatalogState>(library, life),
                            Grains,
                            broken
                        )
                )
        );

    public Host<LibraryDirectory> Library(string key) =>
        HostOf(
            key,
            () =>
                new HostedActor<LibraryDirectory>(
                    (life, broken) =>
                        new LibraryDirectory(Open<LibraryDirectory, LibraryDirectoryState>(key, life), broken)
                )
        );

    public Host<MergeCoordinator> Coordinator(string key) =>
        HostOf(
            key,
            () =>
                new HostedActor<MergeCoordinator>(
                    (life, broken) =>
                    {
                        var coordinator = new MergeCoordinator(
                            key,
                            Open<MergeCoordinator, MergeCoordinatorState>(key, life),
                            new TallyMergeWork(World, Weights),
                            new GrainContacts(Grains, key, Surroundings.Clock),
                            Surroundings.Clock,
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

    public Host<NodeParticipant> Node(string key) =>
        HostOf(
            key,
            () =>
                new HostedActor<NodeParticipant>(
                    (life, broken) =>
                        new NodeParticipant(
                            key,
                            Open<NodeParticipant, NodeState>(key, life),
                            new TallyNodeWork(World, Weights, SlownessOf(key), Journal),
                            Weights,
                            new NodeLines(this),
                            Surroundings.Clock,
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

    public Host<TallyRouter> Router(string library) =>
        HostOf(library, () => new HostedActor<TallyRouter>((_, _) => new TallyRouter(World, library, Grains, Weights)));

    public double SlownessOf(string node) =>
        Surroundings.Slowness[int.Parse(node[(node.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture) - 1];

    /// <summary>Where an actor's state is on the disk.</summary>
    public static string SlotOf<TActor>(string key) => $"{typeof(TActor).Name} {key}";

    private Host<TActor> HostOf<TActor>(string key, Func<HostedActor<TActor>> kind)
        where TActor : class
    {
        string name = SlotOf<TActor>(key);
        if (_hosts.TryGetValue(name, out object? known))
            return (Host<TActor>)known;
        var host = new Host<TActor>(World, _network, () => Surroundings.FaultsNow, kind());
        _hosts[name] = host;
        _victims.Add(host);
        return host;
    }

    private Disk.Slot<TState> Open<TActor, TState>(string key, IMortal life)
        where TState : new() => Surroundings.Disk.Open<TState>(SlotOf<TActor>(key), life);
}
