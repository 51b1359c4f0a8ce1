using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Experts;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs.Rounds;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// A run with its nodes, its merge coordinator and its module in a simulated world. The actors are the product's own;
/// only tensors, storage, network and time are simulated.
/// </summary>
internal sealed partial class SimulatedCluster
{
    public const string RunId = "run";
    private static readonly TimeSpan PollPeriod = TimeSpan.FromSeconds(1);

    private readonly Scenario _scenario;
    private readonly DateTimeOffset _faultsEnd;
    private readonly World _world;
    private readonly Disk _disk;
    private readonly Host<ExpertModule> _module;
    private readonly Host<MergeCoordinator> _coordinator;
    private readonly Host<NodeParticipant>[] _nodes;
    private readonly Host<SimulatedRun> _run;

    public SimulatedCluster(Scenario scenario, bool isDisturbed)
    {
        _scenario = scenario;
        _faultsEnd = DateTimeOffset.UnixEpoch.AddSeconds(scenario.Faults.Until);
        _world = new World(scenario.Seed);
        _disk = new Disk(_world, () => Faults);
        Disturbed = isDisturbed;
        var clock = new WorldClock(_world);
        var network = new Network(_world, () => Faults);
        var descriptor = Descriptor();
        var first = FirstVersion();
        KeepFirstState(descriptor, first);

        _module = new(
            _world,
            network,
            (life, broken) =>
            {
                var module = new ExpertModule(descriptor.Key, _disk.Open<ExpertModuleState>("module", life), broken);
                module.Start();
                return module;
            }
        );
        _coordinator = new(
            _world,
            network,
            (life, broken) =>
            {
                var coordinator = new MergeCoordinator(
                    descriptor.Key,
                    _disk.Open<MergeCoordinatorState>("coordinator", life),
                    new TallyMergeWork(_world, _disk),
                    new Contacts(this),
                    clock,
                    NullLogger.Instance,
                    broken
                )
                {
                    Instruments = Unheard.Instruments,
                };
                coordinator.Start();
                return coordinator;
            },
            coordinator => coordinator.TickAsync()
        );
        _nodes =
        [
            .. Enumerable
                .Range(0, scenario.Settings.Participation.Nodes)
                .Select(node => new Host<NodeParticipant>(
                    _world,
                    network,
                    (life, broken) =>
                        new NodeParticipant(
                            RunRules.NodeKey(RunId, node),
                            _disk.Open<NodeState>($"node-{node}", life),
                            new TallyNodeWork(_world, _disk, scenario.Slowness[node], Journal),
                            _disk,
                            new Contacts(this),
                            clock,
                            NullLogger.Instance,
                            broken
                        )
                        {
                            PollPeriod = PollPeriod,
                            Instruments = Unheard.Instruments,
                        }
                )),
        ];
        _run = new(
            _world,
            network,
            (life, broken) =>
                new SimulatedRun(
                    _disk.Open<TrainingRunState>("run", life),
                    new RoundDriver(
                        new CoordinatorLine(this),
                        node => new NodeLine(this, Array.IndexOf(NodeKeys, node)),
                        clock,
                        NullLogger.Instance
                    )
                    {
                        PollPeriod = PollPeriod,
                        CallTimeout = TimeSpan.FromSeconds(35),
                        MaxSilence = scenario.Settings.Participation.ShortestWait,
                    },
                    broken
                )
                {
                    Trace = text => Journal.Trace?.Add($"{_world.Now:mm:ss.fff} {text}"),
                }
        );
    }

    public Journal Journal { get; } = new();

    public World World => _world;

    /// <summary>The run as stored.</summary>
    public TrainingRunState Run => _disk.Open<TrainingRunState>("run", Nobody.Instance).State;

    /// <summary>The module's versions as stored.</summary>
    public IReadOnlyList<ModuleVersion> Versions =>
        _disk.Open<ExpertModuleState>("module", Nobody.Instance).State.Versions;

    private bool Disturbed { get; }

    private string[] NodeKeys => RunRules.NodeKeys(RunId, Enumerable.Range(0, _scenario.Settings.Participation.Nodes));

    private Faults Faults => Disturbed && _world.Now < _faultsEnd ? _scenario.Faults : Faults.None;

    /// <summary>Where the round is, for a message.</summary>
    public string Describe()
    {
        var state = _disk.Open<MergeCoordinatorState>("coordinator", Nobody.Instance).State;
        return $"run {Run.Phase} in round {Run.Round + 1} ({Run.Error}); coordinator {state.Phase} in round "
            + $"{state.Plan?.Round + 1}, {state.Projected.Count} projected, "
            + $"{state.Accepted.Count} of {state.Plan?.Participants.Length} accepted, "
            + $"{state.Withdrawn.Count} withdrawn, opened {state.OpenedAt:T}, {state.Error}; "
            + $"module at version {Versions[^1].Number}";
    }

    /// <summary>Updates in some weights.</summary>
    public string[] UpdatesIn(string digest) => Tally.Read(_disk.Blob(digest)).Updates;

    /// <summary>Falsifies the newest version, so that a test can see that this is noticed.</summary>
    internal void CountTwice()
    {
        var state = _disk.Open<ExpertModuleState>("module", Nobody.Instance).State;
        string[] updates = UpdatesIn(state.Versions[^1].Digest);
        state.Versions[^1] = state.Versions[^1] with
        {
            Digest = _disk.Keep(new Tally([.. updates, updates[^1]]).ToBytes()),
        };
        _disk.Keep("module", state);
    }

    /// <summary>Has a node freeze and never answer again.</summary>
    internal void FreezeForGood(int node, TimeSpan at) =>
        _world.After(at, () => _nodes[node].Freeze(TimeSpan.FromDays(1), isReplaced: false));

    /// <summary>Runs the run to its end.</summary>
    /// <param name="limit">Time by which it must have ended.</param>
    /// <returns>Whether it has.</returns>
    public bool RunToEnd(TimeSpan limit)
    {
        Poke();
        if (Disturbed)
            Disturb();
        return _world.RunUntil(() => Ended, DateTimeOffset.UnixEpoch + limit);
    }

    private bool Ended { get; set; }

    /// <summary>A client looks at the run every few seconds, which also wakes it.</summary>
    private void Poke()
    {
        var poll = _run.CallAsync(run => run.GoOnAsync());
        _world.After(
            TimeSpan.FromSeconds(5),
            () =>
            {
                Ended = poll is { IsCompletedSuccessfully: true, Result: RunPhase.Specialize };
                if (!Ended)
                    Poke();
            }
        );
    }

    private void Disturb()
    {
        IVictim[] victims = [_module, _coordinator, _run, .. _nodes];
        Repeat(_scenario.Faults.MeanTimeBetweenDeaths, () => victims[_world.Random.Next(victims.Length)].Die());
        Repeat(
            _scenario.Faults.MeanTimeBetweenFreezes,
            () => victims[_world.Random.Next(victims.Length)].Freeze(_world.Between(1, 60), _world.Happens(0.5))
        );
        _world.After(TimeSpan.FromSeconds(_scenario.Faults.Until + 1), Return);
        if (_scenario.Moves)
            Repeat(20, () => _ = _run.CallAsync(run => run.MoveAsync(_world.Random.Next(_nodes.Length))));
    }

    /// <summary>When all faults are over, all nodes are back.</summary>
    private void Return()
    {
        if (Run.Absent.Count == 0)
            return;
        _ = _run.CallAsync(run => run.MoveAsync(Run.Absent.Min));
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

    private void KeepFirstState(ModuleDescriptor descriptor, ModuleVersion first)
    {
        var run = new TrainingRunState
        {
            Settings = _scenario.Settings,
            Module = descriptor,
            Base = first,
            Phase = RunPhase.Train,
        };
        RunParticipation.BeginRound(run);
        _disk.Keep("run", run);
        _disk.Keep("module", new ExpertModuleState { Descriptor = descriptor, Versions = [first] });
    }

    private ModuleVersion FirstVersion()
    {
        byte[] content = new Tally([]).ToBytes();
        return new ModuleVersion
        {
            Number = 1,
            Digest = _disk.Keep(content),
            Bytes = content.Length,
        };
    }

    private static ModuleDescriptor Descriptor() =>
        new()
        {
            Library = RunId,
            Name = "expert-1",
            Architecture = "none",
            Signature = "images(pixels:uint8[-1,3,32,32])classes",
            Classes = [0],
            ClassNames = ["class"],
            Lineage = new ModuleLineage { Origin = ModuleOrigin.Random, RunId = RunId },
        };

    private sealed class Nobody : IMortal
    {
        public static Nobody Instance { get; } = new();

        public void Die() { }
    }
}
