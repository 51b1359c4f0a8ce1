using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Routing;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;
using Dmkd.Serving;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Dmkd.Grains.Routing;

/// <summary>Answers with the library's experts, whose networks are kept per silo.</summary>
[StatelessWorker]
internal sealed class RouterGrain(
    LibraryCache cache,
    IWeightStore weights,
    SiloDevices devices,
    ILogger<RunningLibrary> logger
) : Grain, IRouterGrain
{
    public async Task<RouteResponse> RouteAsync(RouteRequest request, CancellationToken cancellationToken = default)
    {
        if (request.Input.Content.Length > RouteRequest.MaxInputBytes)
            throw new ArgumentException(
                $"A batch may have {RouteRequest.MaxInputBytes} bytes of inputs; this one has "
                    + $"{request.Input.Content.Length}. Send smaller batches.",
                nameof(request)
            );
        string library = this.GetPrimaryKeyString();
        var catalog = GrainFactory.GetGrain<IModuleCatalogGrain>(library);
        var plan = request.Routing.ToPlan(request.Calibration);
        var modules = await catalog.ListAsync(cancellationToken);
        var fitted = plan.CreateGate().NeedsFit ? await catalog.GetGateAsync(cancellationToken) : null;
        var source = new RunningLibrary(
            LibraryMapping.ToManifest(library, modules, fitted),
            weights,
            (key, cancel) => GrainFactory.GetGrain<IExpertModuleGrain>(key).GetHistoryAsync(cancel),
            logger
        );
        var session = new LibrarySession(source, cache, devices.Serving);
        var options = new PredictOptions(plan, request.CandidateSets, request.AcceptsEarlierVersions);
        var prediction = await session.PredictAsync(request.Input.ToInputs(), options, cancellationToken);
        devices.Instruments.DeviceUsed("route", prediction.DeviceTime);
        return prediction.ToWire();
    }
}
