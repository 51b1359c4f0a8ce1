using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Library;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Routing;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Telemetry;

namespace Dmkd.Grains.Runs;

/// <summary>Routing is fitted to the nodes' exemplars (docs/adr/0018).</summary>
internal sealed partial class TrainingRunGrain
{
    private Task CalibrateAsync() => Settings.Fitting.Calibration == Calibrations.Discriminant ? FitDiscriminantsAsync() : FitToExemplarsAsync();

    /// <summary>Has every expert so far score the nodes' exemplars, fits, and publishes; a repeat replaces what it published before.</summary>
    private async Task FitToExemplarsAsync()
    {
        var catalog = GrainFactory.GetGrain<IModuleCatalogGrain>(RunId);
        ModuleSnapshot[] experts = [.. (await catalog.ListAsync()).Where(module => module.Descriptor.Role is ModuleRole.Expert)];
        int[] nodes = [.. Enumerable.Range(0, Settings.Participation.Nodes).Where(node => !State.Absent.Contains(node))];
        var answers = await Task.WhenAll(nodes.Select(node => ExemplarsOfAsync(node, experts)));
        ExemplarReport[][][] reports = [.. answers.OfType<ExemplarReport[][]>()]; // in node order
        var exemplars = ScoredExemplars.From(experts, reports);
        if (exemplars.Labels.Length == 0) throw new InvalidOperationException($"No node told anything about its exemplars within {LongestMeasurement}.");
        var settings = Settings; // a lane never reads grain state
        var (content, duration) = await devices.Serving.RunAsync(job => (GateFitting.Fit(settings, exemplars).Encode(), job.Elapsed), _work.Token);
        DmkdTelemetry.DeviceUsed("fit gate", duration);
        var parameters = new StoredBlob(await weights.PutAsync(content), content.Length);
        await catalog.PublishGateAsync(new FittedGate
        {
            Version = State.Task + 1,
            Routing = Settings.Routing,
            Calibration = Settings.Fitting.Calibration,
            Modules = [.. experts.Select(expert => expert.Descriptor.Name)],
            Parameters = parameters,
            Exemplars = exemplars.Labels.Length,
        });
        ExemplarReport[] all = [.. reports.SelectMany(node => node).SelectMany(expert => expert)];
        State.Exemplars = exemplars.Labels.Length;
        State.DeviceSeconds += all.Sum(report => report.DeviceSeconds) + duration.TotalSeconds;
        CountRouting(all.Sum(report => report.Bytes));
        // A node keeps what it fetched: earlier experts for the fits before this one, and its holders the newest for its statistics.
        int[] holders = RunParticipation.HoldersOf(Settings, State.Task);
        State.BytesDown += nodes.Zip(answers).Where(pair => !holders.Contains(pair.First)).Sum(pair => pair.Second?[^1][0].DownloadedBytes ?? 0);
        _feed.Add($"routing fitted to {State.Exemplars:N0} exemplars of {reports.Length} nodes");
        await MoveToAsync(RunPhase.Evaluate);
    }

    private void CountRouting(long bytes)
    {
        State.BytesUp += bytes;
        State.RoutingBytes += bytes;
    }

    /// <summary>A node's reports, per expert; null when it does not answer, or has no exemplar.</summary>
    private async Task<ExemplarReport[][]?> ExemplarsOfAsync(int node, ModuleSnapshot[] experts)
    {
        var reports = new ExemplarReport[experts.Length][];
        for (int k = 0; k < experts.Length; k++)
        {
            var parts = new List<ExemplarReport>();
            int told = 0;
            do
            {
                var request = new ExemplarRequest
                {
                    NodeIndex = node,
                    LastTask = State.Task,
                    Module = experts[k].Descriptor,
                    Version = experts[k].Current,
                    First = told,
                    WantsDescriptors = k == 0 && ScorerGate.IsNamed(Settings.Routing.Gate),
                    Settings = Settings,
                };
                if (await AskAsync(node, "score its exemplars", grain => grain.ScoreExemplarsAsync(request)) is not { } report) return null;
                if (report.Total == 0) return null;
                parts.Add(report);
                told += report.Labels.Length;
            }
            while (told < parts[0].Total);
            reports[k] = [.. parts];
        }

        return reports;
    }
}
