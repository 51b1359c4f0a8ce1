using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Chaos.Simulation;

/// <summary>Runs a seed's scenario and compares what is stored at the end with what must be.</summary>
internal static class Inspection
{
    /// <summary>A run must have ended this long after the last fault.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(2);

    /// <summary>What a seed's run did wrong; empty for nothing.</summary>
    public static IReadOnlyList<string> Violations(int seed)
    {
        var scenario = Scenario.Draw(seed);
        var cluster = new SimulatedCluster(scenario, isDisturbed: true);
        var limit = TimeSpan.FromSeconds(scenario.Faults.Until) + Grace;
        bool ended = cluster.RunToEnd(limit);
        if (cluster.Journal.Trace is { } trace)
        {
            Console.WriteLine(scenario);
            foreach (string line in trace)
                Console.WriteLine(line);
        }

        List<string> violations = [.. cluster.Journal.Violations];
        if (!ended)
        {
            violations.Add($"the run did not end within {limit}: {cluster.Describe()}");
            return violations;
        }

        violations.AddRange(Chain(cluster));
        violations.AddRange(Counted(cluster));
        violations.AddRange(Residuals(cluster));
        if (scenario.WaitsForAll && scenario.BadMerges == 0)
            violations.AddRange(SameAsUndisturbed(scenario, cluster));
        return violations;
    }

    /// <summary>
    /// Versions form one chain, and each holds its parent's updates and its contributors', each exactly once.
    /// </summary>
    internal static IEnumerable<string> Chain(SimulatedCluster cluster)
    {
        var versions = cluster.Versions;
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
            int[] nodes =
            [
                .. updates
                    .Skip(before.Length)
                    .Select(update =>
                        int.Parse(update.Split('/')[0], System.Globalization.CultureInfo.InvariantCulture)
                    )
                    .Distinct(),
            ];
            string[] added = RunRules.NodeKeys(SimulatedCluster.RunId, nodes);
            if (!added.SequenceEqual(version.Contributions.Select(contribution => contribution.NodeId)))
                yield return $"version {version.Number} names {version.Contributions.Length} contributors and holds "
                    + $"updates of {string.Join(' ', added)}";
        }
    }

    /// <summary>
    /// Whoever was told that an update is accepted finds it in the round's version, unless the whole merge was
    /// rejected.
    /// </summary>
    private static IEnumerable<string> Counted(SimulatedCluster cluster)
    {
        var byRound = cluster
            .Versions.Where(version => version.Round is not null)
            .ToDictionary(version => version.Round!.Value);
        foreach (var (node, round) in cluster.Journal.Accepted)
        {
            if (cluster.Journal.Rejected.Contains(round))
                continue;
            if (!byRound.TryGetValue(round, out var version))
                yield return $"the update of {node} for round {round + 1} was accepted, and there is no version of that round";
            else if (version.Contributions.All(contribution => contribution.NodeId != node))
                yield return $"the update of {node} for round {round + 1} was accepted and is not in version {version.Number}";
        }

        var settings = cluster.Run.Settings!;
        foreach (
            int round in Enumerable.Range(0, settings.Training.Rounds).Where(round => RunRules.Merges(settings, round))
        )
            if (!byRound.ContainsKey(round) && !cluster.Journal.Rejected.Contains(round))
                yield return $"round {round + 1} ended without a version and was not rejected";
    }

    /// <summary>
    /// A node whose update counts has fed back exactly what followed from its updates that counted before; it claims
    /// one image more for each.
    /// </summary>
    private static IEnumerable<string> Residuals(SimulatedCluster cluster)
    {
        Dictionary<string, int> before = [];
        foreach (var version in cluster.Versions)
        {
            foreach (var contribution in version.Contributions)
            {
                int counted = before.GetValueOrDefault(contribution.NodeId),
                    believed = (int)contribution.SampleCount - TallyNodeWork.MinSamples;
                if (counted != believed)
                    yield return $"{contribution.NodeId} made its update of round {version.Round + 1} as if {believed} had counted "
                        + $"before; it was {counted}";
                before[contribution.NodeId] = counted + 1;
            }
        }
    }

    private static IEnumerable<string> SameAsUndisturbed(Scenario scenario, SimulatedCluster cluster)
    {
        var undisturbed = new SimulatedCluster(scenario, isDisturbed: false);
        if (!undisturbed.RunToEnd(Grace))
            yield return "the undisturbed run did not end";
        else if (
            !undisturbed
                .Versions.Select(version => version.Digest)
                .SequenceEqual(cluster.Versions.Select(version => version.Digest))
        )
            yield return $"the versions differ from those of the undisturbed run: "
                + $"{string.Join(' ', cluster.UpdatesIn(cluster.Versions[^1].Digest))} and not "
                + $"{string.Join(' ', undisturbed.UpdatesIn(undisturbed.Versions[^1].Digest))}";
    }
}
