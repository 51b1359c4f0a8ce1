using System.Globalization;
using System.Text.Json;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Tensors;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Storage;

namespace Dmkd.Chaos.Killing;

/// <summary>Adds up by hand what must be in the weights of runs, and compares runs with one another.</summary>
internal sealed class KillInspection(KillCluster cluster, IReadOnlyList<string> runs, Action<string> tell)
{
    /// <summary>Tasks of every run.</summary>
    public const int Tasks = 2;

    private readonly HashSet<string> _counted = [];

    /// <summary>Updates that count more than once.</summary>
    public int CountedTwice { get; private set; }

    /// <summary>Versions whose weights are not exactly as computed by hand.</summary>
    public int WrongWeights { get; private set; }

    /// <summary>Versions published.</summary>
    public int Versions { get; private set; }

    /// <summary>Updates accepted.</summary>
    public int Accepted { get; private set; }

    /// <summary>Accepted updates that are in no version.</summary>
    public int Lost { get; private set; }

    /// <summary>Compares what was accepted with what the versions name, and what they name with their weights.</summary>
    public async Task RunAsync()
    {
        foreach (string run in runs)
        foreach (string module in Modules(run))
            await InspectAsync(module);
        string home = cluster.Home;
        var accepted = Directory.GetFiles(home, "accepted-*.log").SelectMany(File.ReadAllLines).ToHashSet();
        Accepted = accepted.Count;
        Lost = accepted.Count(entry => !_counted.Contains(entry));
    }

    private async Task InspectAsync(string module)
    {
        var store = new FolderWeightStore(new SiloStorageOptions(cluster.Home).WeightsPath);
        var history = await cluster.Grains.GetGrain<IExpertModuleGrain>(module).GetHistoryAsync();
        Versions += history.Count - 1;
        double[] expected = [];
        foreach (var version in history)
        {
            using var weights = WeightCodec.Decode(await store.GetAsync(version.Digest));
            float[] actual = weights[IntegerWork.Counter].data<float>().ToArray();
            expected = expected.Length == 0 ? new double[actual.Length] : expected;
            foreach (var contribution in version.Contributions)
            {
                if (!_counted.Add($"{module} {contribution.NodeId} {version.Round}"))
                    CountedTwice++;
                double unit = (double)IntegerWork.Unit / version.Contributions.Length;
                expected[IndexOf(contribution.NodeId)] += unit;
                expected[^1] += unit * (version.Round!.Value + 1);
            }

            if (!actual.SequenceEqual(expected.Select(value => (float)value)))
                WrongWeights++;
        }
    }

    private static int IndexOf(string nodeId) => int.Parse(nodeId.Split('-')[^1], CultureInfo.InvariantCulture) - 1;

    /// <summary>How many runs came to something else than the last one, which nobody disturbed.</summary>
    public async Task<int> DifferingAsync(IReadOnlyList<string> disturbed)
    {
        string[] expected = await OutcomeAsync(runs[^1]);
        int differing = 0;
        foreach (string run in disturbed)
        {
            string[] actual = await OutcomeAsync(run);
            var differences = actual.Zip(expected).Where(pair => pair.First != pair.Second).ToArray();
            foreach (var (line, wanted) in differences)
                tell($"{run}: {line}; undisturbed: {wanted}");
            if (differences.Length > 0 || actual.Length != expected.Length)
                differing++;
        }

        return differing;
    }

    /// <summary>Everything a run decides, line by line, without its name.</summary>
    private async Task<string[]> OutcomeAsync(string run)
    {
        List<string> lines = [];
        foreach (string key in Modules(run))
        {
            var module = cluster.Grains.GetGrain<IExpertModuleGrain>(key);
            foreach (var version in await module.GetHistoryAsync())
                lines.Add($"version {version.Number}: {version.Digest} {version.Metrics}");
            lines.Add($"entropy: {(await module.GetSnapshotAsync())?.Specialization}");
        }

        var gate = await cluster.Grains.GetGrain<IModuleCatalogGrain>(run).GetGateAsync();
        lines.Add($"gate: {gate?.Parameters.Digest} of {string.Join(' ', gate?.Modules ?? [])}");
        var report = await cluster.Grains.GetGrain<ITrainingRunGrain>(run).GetReportAsync();
        lines.Add($"class-incremental: {JsonSerializer.Serialize(report?.ClassIncremental)}");
        lines.Add($"task-incremental: {JsonSerializer.Serialize(report?.TaskIncremental)}");
        lines.Add($"f1: {report?.MacroF1:R}, found: {report?.TaskDetectionRate:R}");
        return [.. lines];
    }

    private static IEnumerable<string> Modules(string run) =>
        Enumerable.Range(0, Tasks).Select(task => ModuleDescriptor.KeyOf(run, RunRules.ModuleName(task)));
}
