using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Library;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Modules;
using Dmkd.Core.Routing;
using Dmkd.Core.Training;
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
        var modules = RouterRules.Relevant(known, request, library);
        using var lease = await cache.RentAsync(modules, devices.Serving, cancellationToken);
        var (scores, time) = await devices.Serving.RunAsync(
            job => (Score(lease.Networks, modules, request, job.Device), job.Elapsed), cancellationToken);
        DmkdTelemetry.DeviceUsed("route", time);

        var router = new ModuleRouter(GateCatalog.Find(request.Routing.Gate), request.Routing.SpecializationWeight, request.Routing.TopExperts);
        var views = modules.Zip(scores, (module, own) => new ExpertView(module.Descriptor.Classes, module.Specialization?.MeanEntropy ?? 0, own)).ToArray();
        var predictions = request.CandidateSets.Select(
            candidates => RouterRules.ToWire(router.Route(views, request.Count, candidates), modules)).ToArray();
        return new RouteResponse(predictions, time.TotalSeconds);
    }

    private static float[][] Score(IReadOnlyList<Network> networks, IReadOnlyList<ModuleSnapshot> modules, RouteRequest request, TorchSharp.torch.Device device)
    {
        using var pixels = ImageTensors.PixelTensor(request.Pixels, request.Count, request.Channels, request.Size).to(device);
        return
        [
            .. networks.Zip(modules, (network, module) =>
            {
                using var scores = ExpertScorer.Score(network, pixels, module.Descriptor.RotationLabelled);
                return ExpertScorer.ToArray(scores);
            }),
        ];
    }
}
