using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Routing;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Security;
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
        RouteRules.Check(request);
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
        var options = new PredictOptions(plan, request.CandidateSets, request.AcceptsEarlierVersions, request.Classes);
        var prediction = await session.PredictAsync(request.Input.ToInputs(), options, cancellationToken);
        devices.Instruments.DeviceUsed("route", prediction.DeviceTime);
        return prediction.ToWire();
    }
}

/// <summary>What may be asked in one request. Pure.</summary>
internal static class RouteRules
{
    /// <summary>Refuses a request that leaves something out, or asks for more than one request may.</summary>
    /// <exception cref="ArgumentException">Names what is missing, or the limit and the actual value.</exception>
    public static void Check(RouteRequest request)
    {
        if (NullFields.FirstIn(nameof(request), request) is { } missing)
            throw new ArgumentException($"A request to route needs {missing}, which is missing.", nameof(request));
        int bytes = request.Input.Content.Length;
        if (bytes > RouteRequest.MaxInputBytes)
            throw new ArgumentException(
                $"A batch may have {RouteRequest.MaxInputBytes} bytes of inputs; this one has {bytes}. "
                    + "Send smaller batches.",
                nameof(request)
            );
        int inputs = request.Input.Shape.Length == 0 ? 0 : request.Input.Shape[0];
        if (request.Classes < 0)
            throw new ArgumentException($"Classes must be at least 0, not {request.Classes}.", nameof(request));
        long predictions = (long)request.CandidateSets.Length * inputs;
        if (predictions > RouteRequest.MaxPredictions)
            throw new ArgumentException(
                $"A request may ask for {RouteRequest.MaxPredictions} predictions; {request.CandidateSets.Length} "
                    + $"candidate sets of {inputs} inputs are {predictions}. Send smaller batches.",
                nameof(request)
            );
        long told = predictions * request.Classes;
        if (told > RouteRequest.MaxPredictions)
            throw new ArgumentException(
                $"A request may ask for {RouteRequest.MaxPredictions} predictions; {request.Classes} classes of each "
                    + $"of {predictions} are {told}. Send smaller batches.",
                nameof(request)
            );
        long candidates = request.CandidateSets.Sum(set => (long)set.Length);
        if (candidates > RouteRequest.MaxCandidates)
            throw new ArgumentException(
                $"The candidate sets of a request may have {RouteRequest.MaxCandidates} classes in all, "
                    + $"not {candidates}.",
                nameof(request)
            );
    }
}
