using System.Text.Json;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Experts;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs;

namespace Dmkd.Chaos.Simulation;

/// <summary>A preservation with all that it fills and asks, in a simulated world.</summary>
internal sealed class SimulatedPreservation
{
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(4);

    private readonly PreservationScenario _scenario;
    private readonly SimulatedActors _actors;
    private readonly PreservationUser _user;

    public SimulatedPreservation(PreservationScenario scenario, bool isDisturbed)
    {
        Surroundings.Load(scenario.Request.Settings.Data);
        _scenario = scenario;
        _actors = new SimulatedActors(new Surroundings(scenario.Seed, scenario.Faults, isDisturbed));
        _user = new PreservationUser(scenario, _actors);
        if (!(scenario.IsLegacyLost && isDisturbed))
            _actors.Surroundings.Disk.Keep(scenario.Legacy);
        _actors.Preservation(PreservationScenario.Library).Hit = Hit;
    }

    public Journal Journal => _actors.Journal;

    public World World => _actors.World;

    public Disk Disk => _actors.Surroundings.Disk;

    /// <summary>Those who are still woken now and then.</summary>
    public IReadOnlyCollection<string> Reminded => _actors.Surroundings.Reminded;

    /// <summary>What happened to the preservation in which stage, and how often.</summary>
    public Dictionary<string, int> Hits { get; } = [];

    /// <summary>The preservation as stored.</summary>
    public PreservationState State => _actors.Stored<PreservationRun, PreservationState>(PreservationScenario.Library);

    /// <summary>Runs the preservation to its end.</summary>
    /// <param name="limit">Time by which it must have ended.</param>
    /// <returns>Whether it has.</returns>
    public bool RunToEnd(TimeSpan limit)
    {
        _user.Start();
        _actors.Surroundings.Remind();
        if (_actors.Surroundings.IsDisturbed)
            new Disturbances(_actors, _scenario.Faults).Begin();
        if (!World.RunUntil(() => _user.HasSeenTheEnd, DateTimeOffset.UnixEpoch + limit))
            return false;
        _ = World.RunUntil(() => false, World.Now + Settling);
        return !World.HasStrayed;
    }

    /// <summary>Stores an earlier stage, so that a test can see that this is noticed.</summary>
    internal void SetBack()
    {
        var state = State;
        state.Stage = PreservationStage.Cut;
        Disk.Keep(SimulatedActors.SlotOf<PreservationRun>(PreservationScenario.Library), state);
    }

    /// <summary>Where it is, for a message.</summary>
    public string Describe() =>
        $"{State.Stage} ({State.Error}) failed in {State.FailedIn}, {State.Modules.Length} modules; "
        + $"after {World.Steps} steps at {World.Now:T}";

    /// <summary>What it came to, line by line: equal requests must give equal lines, whatever went wrong.</summary>
    public IEnumerable<string> Fingerprint()
    {
        var state = State;
        yield return $"stage: {state.Stage} {state.Error}";
        yield return $"source: {state.SourceDigest} {state.SurrogateAccuracy} {state.LegacyAccuracy}";
        yield return $"partition: {JsonSerializer.Serialize(state.Partition)}";
        yield return $"routed: {JsonSerializer.Serialize(state.Routed)}";
        yield return $"test: {state.TestImages} images of {string.Join(' ', state.ClassNames)}";
        foreach (var cut in state.Modules)
        {
            yield return $"{cut.Name}: {JsonSerializer.Serialize(cut)}";
            var module = _actors.Stored<ExpertModule, ExpertModuleState>(
                ModuleDescriptor.KeyOf(PreservationScenario.Library, cut.Name)
            );
            foreach (var version in module.Versions)
                yield return $"{cut.Name}, version {version.Number}: {version.Digest} of {version.ParentDigest}";
            yield return $"{cut.Name}, entropy: {module.Specialization}";
        }

        var catalog = _actors.Stored<ModuleCatalog, ModuleCatalogState>(PreservationScenario.Library);
        yield return $"catalog: {string.Join(' ', catalog.Modules)}";
        yield return $"directory: {_user.PhaseInDirectory}";
    }

    private void Hit(string what)
    {
        string name = $"{what} in {State.Stage}";
        Hits[name] = Hits.GetValueOrDefault(name) + 1;
        Journal.Note(World.Now, () => name);
    }
}

/// <summary>
/// The user of <c>preserve</c>: starts it, looks at it, and resumes it when it failed. When the legacy model is lost, the
/// user must be told so, by the preservation and by the directory, and imports it again.
/// </summary>
internal sealed class PreservationUser(PreservationScenario scenario, SimulatedActors actors) : SimulatedUser(actors)
{
    /// <summary>A failure is told everywhere by then, and what faults left behind is over.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private bool _isKnown,
        _hasTriedAgain,
        _hasImported;
    private DateTimeOffset? _failedAt;

    /// <summary>Whether the library was seen to be complete.</summary>
    public bool HasSeenTheEnd { get; private set; }

    /// <summary>What the directory says of the library.</summary>
    public RunPhase? PhaseInDirectory =>
        Actors
            .Stored<LibraryDirectory, LibraryDirectoryState>(ILibraryDirectoryGrain.Key)
            .Runs.SingleOrDefault(entry => entry.RunId == PreservationScenario.Library)
            ?.Phase;

    protected override TimeSpan Pause => scenario.IsWatched ? base.Pause : TimeSpan.FromMinutes(3);

    private IPreservationGrain Preservation => Actors.Grains.GetGrain<IPreservationGrain>(PreservationScenario.Library);

    private bool AreFaultsOver => World.Now > DateTimeOffset.UnixEpoch.AddSeconds(scenario.Faults.Until) + Patience;

    protected override async Task<bool> StepAsync()
    {
        if (!_isKnown)
            await StartAsync();
        var progress = await Preservation.GetProgressAsync(0);
        Note(() => $"{PreservationScenario.Library} is in {progress.Stage} {progress.Error}");
        if (progress.Stage is PreservationStage.Completed)
        {
            Require(await Preservation.GetReportAsync() is not null, "a complete library has no report");
            HasSeenTheEnd = true;
            return true;
        }

        if (progress.Stage is PreservationStage.Failed)
            await FailedAsync(progress);
        return false;
    }

    private async Task StartAsync()
    {
        try
        {
            await Preservation.StartAsync(scenario.Request);
        }
        catch (InvalidOperationException e) when (e.Message.Contains("exists", StringComparison.Ordinal))
        {
            // An earlier attempt arrived, and its answer did not.
        }

        _isKnown = true;
    }

    private async Task FailedAsync(PreservationProgress progress)
    {
        Require(!string.IsNullOrEmpty(progress.Error), "a failure has no error");
        Require(progress.Events.Any(entry => entry is RunFailed), "a failure is no event");
        if (scenario.IsLegacyLost && !_hasImported && AreFaultsOver && _hasTriedAgain)
        {
            _failedAt ??= World.Now;
            if (World.Now - _failedAt < Patience)
                return;
            bool isNamed = progress.Error!.Contains(scenario.Request.LegacyDigest, StringComparison.Ordinal);
            Require(isNamed, $"the lost legacy model is not named: {progress.Error}");
            Require(PhaseInDirectory is RunPhase.Failed, $"the directory says {PhaseInDirectory} of what has failed");
            Actors.Surroundings.Disk.Keep(scenario.Legacy);
            _hasImported = true;
        }

        _hasTriedAgain = AreFaultsOver;
        await Preservation.ResumeAsync();
    }

    private void Require(bool condition, string violation)
    {
        if (!condition)
            Actors.Journal.Violations.Add(violation);
    }
}
