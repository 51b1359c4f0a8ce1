using Dmkd.Contracts.Nodes;
using Dmkd.Core.Devices;
using Dmkd.Hosting.Placement;

namespace Dmkd.Grains.Nodes;

/// <summary>What a node measures on its own data for others.</summary>
internal sealed class NodeMeasurements(
    VersionWeights versions,
    INodeDataSource nodes,
    IHeldOutRouting heldOut,
    SiloDevices devices
)
{
    /// <summary>Measures.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="held">The module as the node holds it; null when it does not.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public Task<ProbeReport> ProbeAsync(ProbeRequest request, HeldModule? held, CancellationToken cancellationToken)
    {
        var probed = new Probed(request, held, cancellationToken);
        return request.Probe switch
        {
            EntropyProbe => EntropyAsync(probed),
            ComparisonProbe comparison => ComparisonAsync(probed, comparison),
            StatisticsProbe => StatisticsAsync(probed),
            ExemplarProbe part => ExemplarsAsync(probed, part),
            MomentsProbe => MomentsAsync(probed),
            EvaluationProbe library => EvaluationAsync(probed, library),
            var other => throw new NotSupportedException(
                $"This node does not know how to measure {other.GetType().Name}."
            ),
        };
    }

    private async Task<ProbeReport> EntropyAsync(Probed probed)
    {
        var request = probed.Request;
        var (content, fetched) = await WeightsAsync(probed);
        var data = await DataAsync(request);
        var report = await OnLaneAsync(
            probed,
            "entropy",
            job =>
                MeasuringWork.Entropy(
                    job,
                    request.Module,
                    content,
                    data.CalibrationOf(request.Task),
                    request.Settings.Routing
                )
        );
        return report with { DownloadedBytes = fetched };
    }

    /// <summary>The node fetches merged weights for its next round anyway: they count there.</summary>
    private async Task<ProbeReport> ComparisonAsync(Probed probed, ComparisonProbe comparison)
    {
        var request = probed.Request;
        var (after, _) = await WeightsAsync(probed);
        var (before, _) = await versions.GetAsync(
            request.Module.Key,
            comparison.Before,
            probed.Held,
            probed.CancellationToken
        );
        var data = await DataAsync(request);
        return await OnLaneAsync(
            probed,
            "measure",
            job =>
                MeasuringWork.Compare(
                    job,
                    request.Module,
                    before,
                    after,
                    data.CalibrationOf(request.Task),
                    request.Settings.Routing
                )
        );
    }

    /// <summary>As with a comparison, what is fetched counts at the next round.</summary>
    private async Task<ProbeReport> StatisticsAsync(Probed probed)
    {
        var request = probed.Request;
        var (content, _) = await WeightsAsync(probed);
        var data = await DataAsync(request);
        return await OnLaneAsync(
            probed,
            "statistics",
            job => MeasuringWork.Statistics(job, request.Module, content, data.CalibrationOf(request.Task))
        );
    }

    private async Task<ProbeReport> ExemplarsAsync(Probed probed, ExemplarProbe part)
    {
        var request = probed.Request;
        var data = await DataAsync(request);
        var exemplars = data.ExemplarsOf(request.Task);
        int count = Math.Clamp(exemplars.Count - part.First, 0, ExemplarProbe.MaxExemplars);
        if (count == 0)
            return new ExemplarReport(exemplars.Count, [], [], []);
        var (content, fetched) = await WeightsAsync(probed);
        var chosen = exemplars.Choose([.. Enumerable.Range(part.First, count)]);
        var report = await OnLaneAsync(
            probed,
            "exemplars",
            job =>
                MeasuringWork.Exemplars(
                    job,
                    request.Module,
                    content,
                    chosen,
                    request.Settings.Routing,
                    part.WantsDescriptors
                )
        );
        return report with { Total = exemplars.Count, DownloadedBytes = fetched };
    }

    private async Task<ProbeReport> MomentsAsync(Probed probed)
    {
        var request = probed.Request;
        var (content, fetched) = await WeightsAsync(probed);
        var data = await DataAsync(request);
        int[] classes = data.ClassesOf(request.Task);
        var images = data.MeasuredOf(request.Task, MomentsProbe.MaxInputs);
        var report = await OnLaneAsync(
            probed,
            "moments",
            job => MeasuringWork.Moments(job, request.Module, content, images, classes, request.Settings.Routing)
        );
        return report with { DownloadedBytes = fetched };
    }

    private async Task<ProbeReport> EvaluationAsync(Probed probed, EvaluationProbe library)
    {
        var data = await DataAsync(probed.Request);
        return await heldOut.RouteAsync(probed.Request, library, data, probed.CancellationToken);
    }

    private Task<(ReadOnlyMemory<byte> Weights, long FetchedBytes)> WeightsAsync(Probed probed) =>
        versions.GetAsync(probed.Request.Module.Key, probed.Request.Version, probed.Held, probed.CancellationToken);

    private Task<INodeData> DataAsync(ProbeRequest request) => nodes.OpenAsync(request.Settings, request.NodeIndex);

    /// <summary>Measures on a lane and counts the device time.</summary>
    private async Task<T> OnLaneAsync<T>(Probed probed, string what, Func<DeviceJob, T> measure)
        where T : ProbeReport
    {
        var report = await devices.Serving.RunAsync(
            job =>
            {
                var measured = measure(job);
                return measured with { DeviceSeconds = job.Elapsed.TotalSeconds };
            },
            probed.CancellationToken
        );
        devices.Instruments.DeviceUsed(what, TimeSpan.FromSeconds(report.DeviceSeconds));
        return report;
    }

    private sealed record Probed(ProbeRequest Request, HeldModule? Held, CancellationToken CancellationToken);
}

/// <summary>
/// Routes the examples that a node keeps for testing through a library, on the node's own machine (proposal 3.5).
/// </summary>
internal interface IHeldOutRouting
{
    /// <summary>Routes them all.</summary>
    /// <returns>Counts of the answers.</returns>
    Task<EvaluationReport> RouteAsync(
        ProbeRequest request,
        EvaluationProbe library,
        INodeData data,
        CancellationToken cancellationToken
    );
}
