using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Routing;
using Dmkd.Hosting.Storage;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// Answers for a library by what is in its catalog: another version, another entropy, another gate or an expert that is
/// missing give other predictions.
/// </summary>
internal sealed class TallyRouter(World world, string library, IGrainFactory grains, IWeightStore weights)
{
    public async Task<RouteResponse> RouteAsync(RouteRequest request)
    {
        var catalog = grains.GetGrain<IModuleCatalogGrain>(library);
        var modules = await catalog.ListAsync();
        var gate = await catalog.GetGateAsync();
        foreach (var module in modules)
            await weights.GetAsync(module.Current.Digest);
        if (gate is not null)
            await weights.GetAsync(gate.Parameters.Digest);
        await world.Delay(world.Between(0.05, 1));
        return new RouteResponse(Predict(request, modules, gate), 0);
    }

    private static RoutedPrediction[][] Predict(
        RouteRequest request,
        IReadOnlyList<ModuleSnapshot> modules,
        FittedGate? gate
    )
    {
        var parts = modules.Select(module =>
            $"{module.Descriptor.Name} {module.Current.Digest} {module.Specialization?.MeanEntropy}"
        );
        string known = string.Join(' ', parts.Append(gate?.Parameters.Digest));
        int images = request.Input.Shape[0];
        return
        [
            .. request.CandidateSets.Select(candidates =>
                Enumerable.Range(0, images).Select(image => Predict(request, image, candidates, known)).ToArray()
            ),
        ];

        RoutedPrediction Predict(RouteRequest asked, int image, int[] candidates, string library)
        {
            int bytes = asked.Input.Content.Length / images;
            int salt = asked.Input.Content[(image * bytes) + (bytes / 2)] + (256 * asked.Input.Content[image * bytes]);
            uint drawn = TallyMeasuring.Mix(library, salt, 1_000_000);
            int label = candidates[drawn % candidates.Length];
            string expert = modules[(int)(drawn % modules.Count)].Descriptor.Name;
            return new RoutedPrediction(label, "", 1, [new ExpertShare(expert, 1)]);
        }
    }
}
