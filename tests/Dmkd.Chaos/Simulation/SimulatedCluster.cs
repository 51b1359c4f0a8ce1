using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Experts;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Runs;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// Runs with all that they fill and ask, in a simulated world. The actors and their stages are the product's own; only
/// tensors, storage, network and time are simulated.
/// </summary>
internal sealed class SimulatedCluster
{
    public const string RunId = Scenario.RunId;

    /// <summary>What runs have to tell others after their end is told by then.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(4);

    private readonly Scenario _scenario;
    private readonly SimulatedActors _actors;
    private readonly SimulatedClient[] _clients;

    public SimulatedCluster(Scenario scenario, bool isDisturbed)
    {
        Surroundings.Load(scenario.Settings.Data);
        _scenario = scenario;
        var surroundings = new Surroundings(scenario.Seed, scenario.Faults, isDisturbed)
        {
            Slowness = scenario.Slowness,
            BadMerges = scenario.BadMerges,
        };
        _actors = new SimulatedActors(surroundings);
        _clients = [.. Clients()];
    }

    public Journal Journal => _actors.Journal;

    public World World => _actors.World;

    /// <summary>The ids of the runs.</summary>
    public IEnumerable<string> RunIds => _clients.Select(client => client.RunId);

    /// <summary>The first module's versions as stored.</summary>
    public IReadOnlyList<ModuleVersion> Versions => ModuleOf(RunId, 0).Versions;

    /// <summary>A run as stored.</summary>
    public TrainingRunState RunOf(string runId) => _actors.Stored<TrainingRun, TrainingRunState>(runId);

    /// <summary>A module as stored.</summary>
    public ExpertModuleState ModuleOf(string runId, int task) =>
        _actors.Stored<ExpertModule, ExpertModuleState>(KeyOf(runId, task));

    /// <summary>A library's catalog as stored.</summary>
    public ModuleCatalogState CatalogOf(string library) => _actors.Stored<ModuleCatalog, ModuleCatalogState>(library);

    /// <summary>The directory as stored.</summary>
    public LibraryDirectoryState Directory() =>
        _actors.Stored<LibraryDirectory, LibraryDirectoryState>(ILibraryDirectoryGrain.Key);

    /// <summary>Where the runs are, for a message.</summary>
    public string Describe()
    {
        var parts = RunIds.Select(id =>
        {
            var run = RunOf(id);
            string key = KeyOf(id, run.Task);
            var state = _actors.Stored<MergeCoordinator, MergeCoordinatorState>(key);
            return $"{id} {run.Phase} in task {run.Task}, round {run.Round} ({run.Error}) failed in {run.FailedIn} "
                + $"stopped {run.IsStopped}; coordinator {state.Phase} in round {state.Plan?.Round}, "
                + $"{state.Projected.Count} projected, {state.Accepted.Count} of {state.Plan?.Participants.Length} "
                + $"accepted, {state.Withdrawn.Count} withdrawn, opened {state.OpenedAt:T}, {state.Error}; "
                + $"module at version {ModuleOf(id, run.Task).Versions.LastOrDefault()?.Number}";
        });
        return $"{string.Join("; ", parts)}; after {World.Steps} steps at {World.Now:T}";
    }

    /// <summary>Updates in some weights.</summary>
    public string[] UpdatesIn(string digest) => Tally.Read(_actors.Surroundings.Disk.Blob(digest)).Updates;

    /// <summary>The digest of a blob.</summary>
    public static string DigestOf(byte[] content) => Disk.Digest(content);

    /// <summary>Falsifies the newest version, so that a test can see that this is noticed.</summary>
    internal void CountTwice()
    {
        var disk = _actors.Surroundings.Disk;
        var state = ModuleOf(RunId, 0);
        string[] updates = UpdatesIn(state.Versions[^1].Digest);
        state.Versions[^1] = state.Versions[^1] with
        {
            Digest = disk.Keep(new Tally([.. updates, updates[^1]]).ToBytes()),
        };
        disk.Keep(SimulatedActors.SlotOf<ExpertModule>(KeyOf(RunId, 0)), state);
    }

    /// <summary>Has a node freeze and never answer again.</summary>
    internal void FreezeForGood(int node, TimeSpan at) =>
        World.After(
            at,
            () => _actors.Node(RunRules.NodeKey(RunId, node)).Freeze(TimeSpan.FromDays(1), isReplaced: false)
        );

    /// <summary>Runs the runs to their end.</summary>
    /// <param name="limit">Time by which they must have ended.</param>
    /// <param name="phase">The phase that ends a run.</param>
    /// <returns>Whether they have.</returns>
    public bool RunToEnd(TimeSpan limit, RunPhase phase = RunPhase.Completed)
    {
        foreach (var client in _clients)
            client.Start();
        _actors.Surroundings.Remind();
        if (_actors.Surroundings.IsDisturbed)
            Disturb();
        int seen = 0;
        bool ended = false;
        if (!World.RunUntil(HaveEnded, DateTimeOffset.UnixEpoch + limit))
            return false;
        _ = World.RunUntil(() => false, World.Now + Settling);
        return !World.HasStrayed;

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
        yield return new SimulatedClient(RunId, _scenario.Settings, _actors);
        if (_scenario.Other is { } other)
            yield return new SimulatedClient(Scenario.OtherId, other, _actors) { WaitsFor = other.ExpertsOf };
    }

    private static string KeyOf(string runId, int task) => ModuleDescriptor.KeyOf(runId, RunRules.ModuleName(task));

    private void Disturb()
    {
        var faults = _scenario.Faults;
        var disturbances = new Disturbances(_actors, faults);
        disturbances.Begin();
        disturbances.Repeat(faults.MeanTimeBetweenStops, () => _clients[World.Random.Next(_clients.Length)].Stop());
        if (!_scenario.Moves)
            return;
        int nodes = _scenario.Settings.Participation.Nodes;
        disturbances.Repeat(20, () => _ = MoveAsync(World.Random.Next(nodes)));
        World.After(TimeSpan.FromSeconds(faults.Until + 1), Return);
    }

    /// <summary>A node leaves or returns; one stays.</summary>
    private async Task MoveAsync(int node)
    {
        var absent = RunOf(RunId).Absent;
        var run = _actors.Run(RunId);
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
        World.After(TimeSpan.FromSeconds(10), Return);
    }
}
