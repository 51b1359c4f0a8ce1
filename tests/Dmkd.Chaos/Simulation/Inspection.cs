using System.Globalization;
using Dmkd.Contracts.Experts;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Chaos.Simulation;

/// <summary>Runs a seed's scenario and compares what is stored at the end with what must be.</summary>
internal static class Inspection
{
    /// <summary>A run must have ended this long after the last fault.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(2);

    /// <summary>What a seed's run did wrong.</summary>
    public static Inspected Inspect(int seed) => new(Violations(seed), new Dictionary<string, int>());

    /// <summary>What a seed's run did wrong; empty for nothing.</summary>
    public static IReadOnlyList<string> Violations(int seed)
    {
        var scenario = Scenario.Draw(seed);
        var cluster = new SimulatedCluster(scenario, isDisturbed: true);
        var limit = TimeSpan.FromSeconds(scenario.Faults.Until) + Grace;
        bool ended = cluster.RunToEnd(limit);
        if (cluster.Journal.IsTraced)
        {
            Console.WriteLine(scenario);
            foreach (string line in cluster.Journal.Trace)
                Console.WriteLine(line);
        }

        List<string> violations = [.. cluster.Journal.Violations];
        if (!ended)
        {
            violations.Add(WhyNot(cluster, limit));
            return violations;
        }

        violations.AddRange(Chain(cluster));
        violations.AddRange(Counted(cluster));
        violations.AddRange(Residuals(cluster));
        if (!scenario.Moves)
            violations.AddRange(cluster.RunIds.SelectMany(id => Fingerprint.Mismeasured(cluster, id)));
        bool mustBeSame = scenario.MayChangeNothing || IsWhole(scenario, cluster);
        if (mustBeSame && !TellsOfLoss(scenario, cluster))
            violations.AddRange(SameAsUndisturbed(scenario, cluster));
        return violations;
    }

    private static string WhyNot(SimulatedCluster cluster, TimeSpan limit)
    {
        if (cluster.World.HasStrayed)
            return $"work left the thread of the world: {cluster.Describe()}";
        return cluster.World.Steps > cluster.World.MaxSteps
            ? $"the runs did not end within {cluster.World.MaxSteps} steps: {cluster.Describe()}"
            : $"the runs did not end within {limit}: {cluster.Describe()}";
    }

    /// <summary>
    /// Versions form one chain, and each holds its parent's updates and its contributors', each exactly once.
    /// </summary>
    internal static IEnumerable<string> Chain(SimulatedCluster cluster)
    {
        foreach (var (run, _, versions) in Modules(cluster))
        {
            for (int i = 1; i < versions.Count; i++)
            {
                var (version, parent) = (versions[i], versions[i - 1]);
                if (version.Number != parent.Number + 1 || version.ParentDigest != parent.Digest)
                    yield return $"version {version.Number} does not follow version {parent.Number}";
                string[] updates = cluster.UpdatesIn(version.Digest),
                    before = cluster.UpdatesIn(parent.Digest);
                if (updates.Distinct().Count() != updates.Length)
                    yield return $"version {version.Number} counts an update twice: {string.Join(' ', updates)}";
                if (!updates.Take(before.Length).SequenceEqual(before))
                    yield return $"version {version.Number} lost updates of its parent";
                int[] nodes = [.. updates.Skip(before.Length).Select(NodeOf).Distinct()];
                string[] added = RunRules.NodeKeys(run, nodes);
                if (!added.SequenceEqual(version.Contributions.Select(contribution => contribution.NodeId)))
                    yield return $"version {version.Number} names {version.Contributions.Length} contributors and "
                        + $"holds updates of {string.Join(' ', added)}";
            }
        }
    }

    /// <summary>
    /// Whoever was told that an update is accepted finds it in the round's version, unless the whole merge was
    /// rejected.
    /// </summary>
    private static IEnumerable<string> Counted(SimulatedCluster cluster)
    {
        foreach (var (run, key, versions) in Modules(cluster))
        {
            var byRound = versions
                .Where(version => version.Round is not null)
                .ToDictionary(version => version.Round!.Value);
            foreach (var (_, node, round) in cluster.Journal.Accepted.Where(entry => entry.Module == key))
            {
                if (cluster.Journal.Rejected.Contains((key, round)))
                    continue;
                if (!byRound.TryGetValue(round, out var version))
                    yield return $"the update of {node} for round {round} was accepted, and there is no version of "
                        + "that round";
                else if (version.Contributions.All(contribution => contribution.NodeId != node))
                    yield return $"the update of {node} for round {round} was accepted and is not in version "
                        + $"{version.Number}";
            }

            var settings = cluster.RunOf(run).Settings!;
            if (settings.ExpertsOf is not null)
                continue;
            for (int round = 0; round < settings.Training.Rounds; round++)
            {
                bool isDecided = byRound.ContainsKey(round) || cluster.Journal.Rejected.Contains((key, round));
                if (RunRules.Merges(settings, round) && !isDecided)
                    yield return $"round {round} of {key} ended without a version and was not rejected";
            }
        }
    }

    /// <summary>
    /// A node whose update counts has fed back exactly what followed from its updates that counted before; it claims
    /// one image more for each.
    /// </summary>
    private static IEnumerable<string> Residuals(SimulatedCluster cluster)
    {
        foreach (var (_, _, versions) in Modules(cluster))
        {
            Dictionary<string, int> before = [];
            foreach (var version in versions)
            {
                foreach (var contribution in version.Contributions)
                {
                    int counted = before.GetValueOrDefault(contribution.NodeId),
                        believed = (int)contribution.SampleCount - TallyNodeWork.MinSamples;
                    if (counted != believed)
                        yield return $"{contribution.NodeId} made its update of round {version.Round} as if {believed} "
                            + $"had counted before; it was {counted}";
                    before[contribution.NodeId] = counted + 1;
                }
            }
        }
    }

    /// <summary>
    /// Whether a node could not measure merged weights because they were lost for a while, and a version says so: it is
    /// another version then.
    /// </summary>
    private static bool TellsOfLoss(Scenario scenario, SimulatedCluster cluster) =>
        scenario.Faults.BlobLostAt > 0
        && Modules(cluster).SelectMany(module => module.Versions).Any(version => version.Refusals.Length > 0);

    /// <summary>Whether nobody who could take part in a round was left out of it: then nothing may differ.</summary>
    private static bool IsWhole(Scenario scenario, SimulatedCluster cluster)
    {
        if (scenario.Moves)
            return false;
        foreach (var (run, key, versions) in Modules(cluster))
        {
            var settings = cluster.RunOf(run).Settings!;
            if (settings.Participation.Share < 1 || cluster.Journal.Rejected.Any(entry => entry.Module == key))
                return false;
            int task = int.Parse(key[(key.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture) - 1;
            int holders = RunParticipation.HoldersOf(settings, task).Length;
            if (versions.Skip(1).Any(version => version.Contributions.Length < holders))
                return false;
            int[] nodes =
            [
                .. cluster
                    .UpdatesIn(versions[^1].Digest)
                    .Skip(cluster.UpdatesIn(versions[0].Digest).Length)
                    .Select(NodeOf),
            ];
            if (settings.ExpertsOf is null && nodes.Length < holders * settings.Training.Rounds)
                return false; // somebody missed a round without a merge
        }

        return true;
    }

    private static IEnumerable<string> SameAsUndisturbed(Scenario scenario, SimulatedCluster cluster)
    {
        var undisturbed = new SimulatedCluster(scenario, isDisturbed: false);
        if (!undisturbed.RunToEnd(Grace + TimeSpan.FromHours(10)))
        {
            yield return $"the undisturbed run did not end: {undisturbed.Describe()}";
            yield break;
        }

        if (!scenario.MayChangeNothing && !IsWhole(scenario, undisturbed))
            yield break;
        foreach (string run in cluster.RunIds)
        {
            string[] actual = [.. Fingerprint.Of(cluster, run)],
                expected = [.. Fingerprint.Of(undisturbed, run)];
            foreach (var (line, wanted) in actual.Zip(expected).Where(pair => pair.First != pair.Second).Take(1))
                yield return $"{run}: {line} differs from the undisturbed {wanted}";
            if (actual.Length != expected.Length)
                yield return $"{run}: {actual.Length} lines, and {expected.Length} undisturbed";
        }
    }

    private static int NodeOf(string update) => int.Parse(update.Split('/')[0], CultureInfo.InvariantCulture);

    private static IEnumerable<(string Run, string Key, IReadOnlyList<ModuleVersion> Versions)> Modules(
        SimulatedCluster cluster
    )
    {
        foreach (string run in cluster.RunIds)
        {
            for (int task = 0; task < cluster.RunOf(run).Settings!.Tasks; task++)
            {
                string key = ModuleDescriptor.KeyOf(run, RunRules.ModuleName(task));
                yield return (run, key, cluster.ModuleOf(run, task).Versions);
            }
        }
    }
}
