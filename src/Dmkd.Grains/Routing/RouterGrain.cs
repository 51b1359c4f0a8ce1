using Dmkd.Contracts.Library;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Routing;
using Dmkd.Grains.Devices;
using Orleans.Concurrency;

namespace Dmkd.Grains.Routing;

/// <summary>Routes batches to the library's experts, whose networks are cached per silo.</summary>
[StatelessWorker]
internal sealed class RouterGrain(ExpertCache cache, FittedGateCache gates, SiloDevices devices) : Grain, IRouterGrain
{
    public async Task<RouteResponse> RouteAsync(RouteRequest request, CancellationToken cancellationToken = default)
    {
        string library = this.GetPrimaryKeyString();
        RouterRules.Check(request);
        var catalog = GrainFactory.GetGrain<IModuleCatalogGrain>(library);
        var known = await catalog.ListAsync(cancellationToken);
        var experts = RouterRules.Relevant(known, request, library);
        var fitted = LibraryGate.IsFitted(request) ? await catalog.GetGateAsync(cancellationToken) : null;
        var gate = LibraryGate.Of(request, experts, fitted, fitted is null ? null : await gates.GetAsync(library, fitted, cancellationToken), library);
        var gateModule = gate.Gate.Input is GateInput.NetworkLogits ? RouterRules.GateOf(known, library) : null;
        var router = new ModuleRouter(gate.Gate, request.Routing.SpecializationWeight, request.Routing.TopExperts, request.Routing.GateVote);
        using var lease = await cache.RentAsync(gateModule is null ? experts : [.. experts, gateModule], request.AcceptsEarlierVersions, devices.Serving, cancellationToken);
        var (views, time) = await devices.Serving.RunAsync(
            job =>
            {
                var scores = new RoutedScores(job, lease.Networks, experts, request, gate.Discriminants);
                var all = !gate.Gate.ChoosesFirst ? gate.WithFeatures(scores.OfAll(), request)
                    : scores.OfChosen(gateModule is null ? gate.WithFeatures(scores.Unasked(), request) : scores.AskGate(lease.Networks[^1], gateModule), router);
                return (gate.Calibrated(all, request.Count), job.Elapsed);
            },
            cancellationToken);
        devices.Instruments.DeviceUsed("route", time);

        var predictions = request.CandidateSets.Select(
            candidates => RouterRules.ToWire(router.Route(views, request.Count, candidates), experts)).ToArray();
        return new RouteResponse(predictions, time.TotalSeconds) { Replacements = lease.Replacements };
    }
}
