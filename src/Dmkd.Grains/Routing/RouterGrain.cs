using Dmkd.Contracts.Library;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Routing;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Telemetry;
using Orleans.Concurrency;

namespace Dmkd.Grains.Routing;

/// <summary>Routes batches to the library's experts, whose networks are cached per silo.</summary>
[StatelessWorker]
internal sealed class RouterGrain(ExpertCache cache, SiloDevices devices) : Grain, IRouterGrain
{
    public async Task<RouteResponse> RouteAsync(RouteRequest request, CancellationToken cancellationToken = default)
    {
        string library = this.GetPrimaryKeyString();
        RouterRules.Check(request);
        var known = await GrainFactory.GetGrain<IModuleCatalogGrain>(library).ListAsync(cancellationToken);
        var gate = GateCatalog.Find(request.Routing.Gate);
        var experts = RouterRules.Relevant(known, request, library);
        var gateModule = gate.AsksGateNetwork ? RouterRules.GateOf(known, library) : null;
        var router = new ModuleRouter(gate, request.Routing.SpecializationWeight, request.Routing.TopExperts, request.Routing.GateVote);
        using var lease = await cache.RentAsync(gateModule is null ? experts : [.. experts, gateModule], devices.Serving, cancellationToken);
        var (views, time) = await devices.Serving.RunAsync(
            job => (gateModule is null
                ? RoutedScores.OfAll(job, lease.Networks, experts, request)
                : RoutedScores.OfChosen(job, lease.Networks, experts, lease.Networks[^1], gateModule, request, router), job.Elapsed),
            cancellationToken);
        DmkdTelemetry.DeviceUsed("route", time);

        var predictions = request.CandidateSets.Select(
            candidates => RouterRules.ToWire(router.Route(views, request.Count, candidates), experts)).ToArray();
        return new RouteResponse(predictions, time.TotalSeconds);
    }
}
