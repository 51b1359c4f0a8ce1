using Dmkd.Contracts.Preservation;
using Dmkd.Grains.Preservation;

namespace Dmkd.Chaos.Simulation;

/// <summary>Runs a seed's preservation and compares what is stored with what must be, at every write and at the end.</summary>
internal static class PreservationInspection
{
    /// <summary>A preservation must have ended this long after the last fault.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(2);

    /// <summary>What a seed's preservation did wrong, and what happened to it.</summary>
    public static Inspected Inspect(int seed) => Inspect(PreservationScenario.Draw(seed));

    /// <summary>What a preservation did wrong, and what happened to it.</summary>
    public static Inspected Inspect(PreservationScenario scenario)
    {
        var preservation = new SimulatedPreservation(scenario, isDisturbed: true);
        var watch = new PreservationWatch(preservation);
        var limit = TimeSpan.FromSeconds(scenario.Faults.Until) + Grace;
        bool ended = preservation.RunToEnd(limit);
        foreach (
            string line in preservation.Journal.Trace.Prepend($"{scenario}").Skip(preservation.Journal.IsTraced ? 0 : 1)
        )
            Console.WriteLine(line);
        List<string> violations = [.. preservation.Journal.Violations, .. watch.Violations];
        if (!ended)
            violations.Add($"the preservation did not end: {preservation.Describe()}");
        else
            violations.AddRange([.. AtTheEnd(preservation), .. Differences(scenario, preservation)]);
        return new Inspected(violations, preservation.Hits);
    }

    /// <summary>Every module was cut once and distilled once, as told; and nobody is woken for ever.</summary>
    private static IEnumerable<string> AtTheEnd(SimulatedPreservation preservation)
    {
        var state = preservation.State;
        foreach (string module in state.Modules.Select(module => module.Name))
        {
            int cuts = state.Events.OfType<ModuleCut>().Count(told => told.Module == module);
            int distilled = state.Events.OfType<ModuleDistilled>().Count(told => told.Module == module);
            if ((cuts, distilled) != (1, 1))
                yield return $"{module} was told to be cut {cuts} times and distilled {distilled} times";
        }

        foreach (string name in preservation.Reminded)
            yield return $"{name} is complete and still woken";
    }

    private static IEnumerable<string> Differences(PreservationScenario scenario, SimulatedPreservation preservation)
    {
        var undisturbed = new SimulatedPreservation(scenario, isDisturbed: false);
        if (!undisturbed.RunToEnd(Grace))
            return [$"the undisturbed preservation did not end: {undisturbed.Describe()}"];
        string[] actual = [.. preservation.Fingerprint()],
            expected = [.. undisturbed.Fingerprint()];
        var differing = actual
            .Zip(expected)
            .Where(pair => pair.First != pair.Second)
            .Select(pair => $"{pair.First} differs from the undisturbed {pair.Second}");
        return actual.Length == expected.Length
            ? differing
            : differing.Append($"{actual.Length} lines, and {expected.Length} undisturbed");
    }
}

/// <summary>What a seed did wrong, and what was done to it: how often in which stage.</summary>
internal sealed record Inspected(IReadOnlyList<string> Violations, IReadOnlyDictionary<string, int> Hits);

/// <summary>
/// Looks at every write of a preservation: one activation writes at a time, the cursor does not go back, and what is done
/// stays as it is.
/// </summary>
internal sealed class PreservationWatch
{
    private readonly SimulatedPreservation _preservation;
    private readonly HashSet<IMortal> _writers = [];
    private IMortal? _writer;
    private PreservationState _before = new();

    public PreservationWatch(SimulatedPreservation preservation)
    {
        _preservation = preservation;
        preservation.Disk.Written += Look;
    }

    public List<string> Violations { get; } = [];

    private void Look(object state, IMortal? writer)
    {
        if (state is not PreservationState)
            return;
        if (writer is not null && writer != _writer && !_writers.Add(writer))
            Violations.Add("an activation writes after another one has written");
        _writer = writer;
        var now = _preservation.State;
        if (_before.Stage is PreservationStage.Completed && now.Stage is not PreservationStage.Completed)
            Violations.Add($"a complete library is in {now.Stage}");
        if (Position(now) < Position(_before))
            Violations.Add($"the preservation goes back from {Position(_before)} to {Position(now)}");
        if (now.Stage is PreservationStage.Failed && string.IsNullOrEmpty(now.Error))
            Violations.Add($"the failure in {now.FailedIn} is stored without an error");
        if (Position(_before) >= PreservationStage.Distil)
            Violations.AddRange(Changes(_before.Modules, now.Modules));
        _before = now;
    }

    private static PreservationStage Position(PreservationState state) =>
        state.Stage is PreservationStage.Failed ? state.FailedIn : state.Stage;

    private static IEnumerable<string> Changes(PreservedModule[] before, PreservedModule[] now)
    {
        if (before.Length != now.Length)
            yield return $"{before.Length} modules were cut, and now there are {now.Length}";
        foreach (var (old, module) in before.Zip(now))
        {
            if (old.CutDigest != module.CutDigest || (old.Digest is not null && old.Digest != module.Digest))
                yield return $"{old.Name} was {old.CutDigest} {old.Digest} and is {module.CutDigest} {module.Digest}";
        }
    }
}
