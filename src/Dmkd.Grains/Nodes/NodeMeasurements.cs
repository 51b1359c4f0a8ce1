using Dmkd.Contracts.Nodes;
using Dmkd.Grains.Data;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Wire;

namespace Dmkd.Grains.Nodes;

/// <summary>What a node measures on its own data for others.</summary>
internal sealed class NodeMeasurements(VersionWeights versions, DatasetCache datasets, SiloDevices devices)
{
    /// <summary>Entropy of a module's predictions, and its evidence (proposal 3.3).</summary>
    public async Task<EntropyReport> EntropyAsync(EntropyRequest request, HeldModule? held, CancellationToken cancellationToken)
    {
        var (content, fetched) = await versions.GetAsync(request.Module.Key, request.Version, held, cancellationToken);
        var data = new RunData(await datasets.GetAsync(request.Settings.Data), request.Settings);
        var (entropy, evidence, time) = await devices.Serving.RunAsync(
            job => MeasuringWork.Entropy(job, request.Module, content, data.CalibrationOf(request.Task, request.NodeIndex), request.Settings.Routing), cancellationToken);
        devices.Instruments.DeviceUsed("entropy", time);
        return new EntropyReport(entropy.Total, entropy.Count, time.TotalSeconds, fetched, evidence);
    }

    /// <summary>Accuracy and loss of merged weights and of the version before. The node fetches the merged weights for its next round anyway: they count there.</summary>
    public async Task<CandidateReport> CandidateAsync(CandidateRequest request, HeldModule? held, CancellationToken cancellationToken)
    {
        var (candidate, _) = await versions.GetAsync(request.Module.Key, request.Candidate, held, cancellationToken);
        var (before, _) = await versions.GetAsync(request.Module.Key, request.Base, held, cancellationToken);
        var data = new RunData(await datasets.GetAsync(request.Settings.Data), request.Settings);
        var report = await devices.Serving.RunAsync(
            job => MeasuringWork.Compare(job, request.Module, before, candidate, data.CalibrationOf(request.Task, request.NodeIndex), request.Settings.Routing), cancellationToken);
        devices.Instruments.DeviceUsed("measure", TimeSpan.FromSeconds(report.DeviceSeconds));
        return report;
    }

    /// <summary>A module's scores of some exemplars, and what describes them.</summary>
    public async Task<ExemplarReport> ExemplarsAsync(ExemplarRequest request, HeldModule? held, CancellationToken cancellationToken)
    {
        var data = new RunData(await datasets.GetAsync(request.Settings.Data), request.Settings);
        var exemplars = data.ExemplarsOf(request.LastTask, request.NodeIndex);
        int count = Math.Clamp(exemplars.Count - request.First, 0, ExemplarRequest.MostExemplars);
        if (count == 0) return new ExemplarReport { Total = exemplars.Count, Labels = [], ClassScores = [] };
        var (content, fetched) = await versions.GetAsync(request.Module.Key, request.Version, held, cancellationToken);
        var part = exemplars.Select([.. Enumerable.Range(request.First, count)]);
        var report = await devices.Serving.RunAsync(
            job => MeasuringWork.Exemplars(job, request.Module, content, part, request.Settings.Routing, request.WantsDescriptors), cancellationToken);
        devices.Instruments.DeviceUsed("exemplars", TimeSpan.FromSeconds(report.DeviceSeconds));
        return report with { Total = exemplars.Count, DownloadedBytes = fetched };
    }

    /// <summary>Moments of a task's images in a module's feature space.</summary>
    public async Task<MomentsReport> MomentsAsync(MomentsRequest request, HeldModule? held, CancellationToken cancellationToken)
    {
        var (content, fetched) = await versions.GetAsync(request.Module.Key, request.Version, held, cancellationToken);
        var data = new RunData(await datasets.GetAsync(request.Settings.Data), request.Settings);
        int[] classes = [.. data.Tasks.ClassesOf(request.Task)];
        var images = data.MeasuredOf(request.Task, request.NodeIndex, MomentsRequest.MostImages);
        var report = await devices.Serving.RunAsync(job => MeasuringWork.Moments(job, request.Module, content, images, classes, request.Settings.Routing), cancellationToken);
        devices.Instruments.DeviceUsed("moments", TimeSpan.FromSeconds(report.DeviceSeconds));
        return report with { DownloadedBytes = fetched };
    }

    /// <summary>Batch-norm statistics of merged weights.</summary>
    public async Task<StatisticsReport> StatisticsAsync(CandidateRequest request, HeldModule? held, CancellationToken cancellationToken)
    {
        var (candidate, _) = await versions.GetAsync(request.Module.Key, request.Candidate, held, cancellationToken);
        var data = new RunData(await datasets.GetAsync(request.Settings.Data), request.Settings);
        var (statistics, count, time) = await devices.Serving.RunAsync(
            job => MeasuringWork.Statistics(job, request.Module, candidate, data.CalibrationOf(request.Task, request.NodeIndex)), cancellationToken);
        devices.Instruments.DeviceUsed("statistics", time);
        return new StatisticsReport(count, DeltaWire.ToWire(statistics), time.TotalSeconds);
    }
}
