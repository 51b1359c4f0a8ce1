using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Library;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Telemetry;

namespace Dmkd.Grains.Runs;

/// <summary>Discriminants are fitted to moments that the nodes sum up (docs/adr/0019).</summary>
internal sealed partial class TrainingRunGrain
{
    private static readonly TimeSpan LongestMoments = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Has the task's nodes measure its images in the feature space of every expert so far, adds that to the moments of earlier tasks, fits,
    /// and publishes. A repeat starts from the same earlier moments: they change when the phase ends.
    /// </summary>
    private async Task FitDiscriminantsAsync()
    {
        var catalog = GrainFactory.GetGrain<IModuleCatalogGrain>(RunId);
        string[] names = [.. Enumerable.Range(0, State.Task + 1).Select(RunRules.ModuleName)];
        var modules = (await catalog.ListAsync()).ToDictionary(module => module.Descriptor.Name);
        ModuleSnapshot[] experts = [.. names.Select(name => modules[name])];
        int[] nodes = [.. RunParticipation.HoldersOf(Settings, State.Task).Where(node => !State.Absent.Contains(node))];
        var answers = await Task.WhenAll(nodes.Select(node => MomentsOfAsync(node, experts)));
        var known = State.Moments is { } blob ? LibraryMoments.Decode(await weights.GetAsync(blob.Digest, _work.Token)) : LibraryMoments.None;
        int[] classes = [.. _data!.Tasks.ClassesOf(State.Task)];
        var (moments, refusals) = known.Plus(names, classes, [.. nodes.Zip(answers, (node, reports) => (KeyOf(node), reports))]);
        foreach (string refusal in refusals) _feed.Add(refusal);
        var (parameters, content, duration) = await devices.Serving.RunAsync(
            job => (new GateParameters { Discriminants = moments.Fit(names) }.Encode(), moments.Encode(), job.Elapsed), _work.Token);
        DmkdTelemetry.DeviceUsed("fit gate", duration);
        await catalog.PublishGateAsync(new FittedGate
        {
            Version = State.Task + 1,
            Routing = Settings.Routing,
            Calibration = Settings.Fitting.Calibration,
            Modules = names,
            Parameters = new StoredBlob(await weights.PutAsync(parameters), parameters.Length),
            Exemplars = 0,
        });
        State.Moments = new StoredBlob(await weights.PutAsync(content), content.Length);
        MomentsReport[] all = [.. answers.SelectMany(reports => reports)];
        State.DeviceSeconds += all.Sum(report => report.DeviceSeconds) + duration.TotalSeconds;
        CountRouting(all.Sum(report => report.Bytes));
        State.BytesDown += nodes.Zip(answers).Sum(pair => pair.Second.Index().Where(entry => !HadExpert(pair.First, entry.Index)).Sum(entry => entry.Item.DownloadedBytes));
        _feed.Add($"discriminants fitted to {all.Where((_, i) => i % experts.Length == 0).Sum(report => report.Counts.Sum()):N0} images of {nodes.Length} nodes");
        await MoveToAsync(RunPhase.Evaluate);
    }

    /// <summary>Whether a node had fetched an expert's last version before: for its entropy, or for an earlier task's moments.</summary>
    private bool HadExpert(int node, int expert) =>
        expert == State.Task || Enumerable.Range(expert, State.Task - expert).Any(task => RunParticipation.HoldersOf(Settings, task).Contains(node));

    /// <summary>A node's reports about the experts, in their order; fewer when it stops answering.</summary>
    private async Task<MomentsReport[]> MomentsOfAsync(int node, ModuleSnapshot[] experts)
    {
        var reports = new List<MomentsReport>();
        foreach (var expert in experts)
        {
            var request = new MomentsRequest { NodeIndex = node, Task = State.Task, Module = expert.Descriptor, Version = expert.Current, Settings = Settings };
            if (await AskAsync(node, "measure moments", grain => grain.MeasureMomentsAsync(request), LongestMoments) is not { } report) break;
            reports.Add(report);
        }

        return [.. reports];
    }
}
