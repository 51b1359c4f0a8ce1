using System.Globalization;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Core.Routing;
using Dmkd.Grains.Experts;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// What a run came to, line by line: versions with their metrics, entropies, fitted gate, accuracies. Equal settings
/// must give equal lines, whatever went wrong meanwhile.
/// </summary>
internal static class Fingerprint
{
    public static IEnumerable<string> Of(SimulatedCluster cluster, string runId)
    {
        var run = cluster.RunOf(runId);
        yield return $"phase: {run.Phase}";
        yield return $"legacy: {run.Legacy?.Digest} {string.Join(' ', run.Preserved.Select(expert => expert.Digest))}";
        for (int task = 0; task < run.Settings!.Tasks; task++)
        {
            var module = cluster.ModuleOf(runId, task);
            foreach (var version in module.Versions)
                yield return $"task {task}, version {version.Number}: {version.Digest} {version.Metrics}";
            yield return $"task {task}, entropy: {module.Specialization}";
        }

        var catalog = cluster.CatalogOf(runId);
        yield return $"catalog: {string.Join(' ', catalog.Modules)}";
        yield return $"gate: {catalog.Gate?.Version} {catalog.Gate?.Parameters.Digest} {catalog.Gate?.Exemplars}";
        yield return $"moments: {run.Moments?.Digest}, exemplars: {run.Exemplars}";
        yield return $"class-incremental: {Text(run.ClassIncremental)}";
        yield return $"task-incremental: {Text(run.TaskIncremental)}";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"f1: {run.MacroF1:R} found: {run.TaskDetectionRate:R}"
        );
        var line = cluster.Directory().Runs.SingleOrDefault(entry => entry.RunId == runId);
        yield return $"directory: {line?.Phase} {line?.IsStopped}";
    }

    /// <summary>
    /// Where the stored entropies and the fitted gate are not what all nodes measure of the versions.
    /// </summary>
    public static IEnumerable<string> Mismeasured(SimulatedCluster cluster, string runId)
    {
        var run = cluster.RunOf(runId);
        var settings = run.Settings!;
        ModuleSnapshot[] experts =
        [
            .. Enumerable
                .Range(0, settings.Tasks)
                .Select(task => ExpertModuleRules.Snapshot(cluster.ModuleOf(runId, task))!),
        ];
        foreach (var (task, expert) in experts.Index())
        {
            var reports = RunParticipation
                .HoldersOf(settings, task)
                .Select(node => (EntropyReport)Measure(node, task, expert, new EntropyProbe()))
                .ToArray();
            var expected = new ModuleSpecialization(
                expert.Current.Number,
                reports.Sum(report => report.EntropySum),
                reports.Sum(report => report.SampleCount)
            );
            if (expert.Specialization != expected)
                yield return $"{runId}, task {task}: the entropy is {expert.Specialization}, and all nodes measure "
                    + $"{expected}";
        }

        if (GateOf() is not { } evidence)
            yield break;
        var gate = cluster.CatalogOf(runId).Gate;
        string wanted = SimulatedCluster.DigestOf(TallyRunWork.ParametersOf(evidence));
        if (gate?.Parameters.Digest != wanted)
            yield return $"{runId}: the gate {gate?.Version} is fitted to something else than what all nodes measure";

        GateEvidence? GateOf()
        {
            var needs = RunGate.Of(settings).Needs;
            if (needs.HasFlag(GateNeeds.Moments))
                return Moments();
            return needs.HasFlag(GateNeeds.Exemplars) ? Exemplars() : null;
        }

        ExpertMoments Moments()
        {
            var known = LibraryMoments.None;
            string[] names = [.. Enumerable.Range(0, settings.Tasks).Select(RunRules.ModuleName)];
            for (int task = 0; task < settings.Tasks; task++)
            {
                int now = task;
                var reports = RunParticipation
                    .HoldersOf(settings, task)
                    .Select(node =>
                        (
                            $"{node}",
                            experts[..(now + 1)]
                                .Select(expert => (MomentsReport)Measure(node, now, expert, new MomentsProbe()))
                                .ToArray()
                        )
                    )
                    .ToArray();
                (known, _) = known.Plus(names[..(task + 1)], reports[0].Item2[0].Classes, reports);
            }

            return known.Of(names);
        }

        ExemplarScores Exemplars()
        {
            int last = settings.Tasks - 1;
            var reports = Enumerable
                .Range(0, settings.Participation.Nodes)
                .Select(node =>
                    experts
                        .Select(expert =>
                            new[] { (ExemplarReport)Measure(node, last, expert, new ExemplarProbe(0, false)) }
                        )
                        .ToArray()
                )
                .ToArray();
            return RunGate.Exemplars(experts, reports);
        }

        ProbeReport Measure(int node, int task, ModuleSnapshot expert, Probe probe) =>
            TallyMeasuring.Exact(
                new ProbeRequest
                {
                    NodeIndex = node,
                    Task = task,
                    Module = expert.Descriptor,
                    Version = expert.Current,
                    Settings = settings,
                    Probe = probe,
                }
            );
    }

    private static string Text(IEnumerable<double[]> rows) =>
        string.Join(
            " | ",
            rows.Select(row => string.Join(' ', row.Select(cell => cell.ToString("R", CultureInfo.InvariantCulture))))
        );
}
