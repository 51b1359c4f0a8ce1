using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Settings;
using Dmkd.Data.Images;
using Dmkd.Grains.Routing;

namespace Dmkd.Grains.Preservation;

/// <summary>Evaluates a preserved library on test images through the router that also serves predictions.</summary>
internal sealed class LibraryEvaluation(
    IRouterGrain router,
    ImageSet test,
    PreservedModule[] modules,
    string gate,
    double gateVote,
    int parallelism
)
{
    private readonly BatchRouting _batches = new(router, parallelism);

    /// <summary>Predicts all test images.</summary>
    /// <param name="topExperts">Experts that answer, R.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    /// <param name="cancellationToken">Ends the evaluation.</param>
    public async Task<(RoutedAccuracy Accuracy, double DeviceSeconds)> RunAsync(
        int topExperts,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        int[] all =
        [
            .. modules.Where(module => module.Role is ModuleRole.Expert).SelectMany(module => module.Classes).Order(),
        ];
        var routing = new RoutingSettings(gate, topExperts, 0, gateVote);
        int[][] batches = [.. BatchRouting.Split(test)];
        var responses = await _batches.RouteAsync(
            batches,
            batch => BatchRouting.RequestOf(test, batch, [all], routing),
            progress,
            cancellationToken
        );
        return (Summarise(topExperts, batches, responses), responses.Sum(response => response.DeviceSeconds));
    }

    private RoutedAccuracy Summarise(int topExperts, int[][] batches, RouteResponse[] responses)
    {
        var byName = modules.ToDictionary(module => module.Name, StringComparer.Ordinal);
        long right = 0,
            found = 0;
        double cost = 0;
        foreach (var (batch, response) in batches.Zip(responses))
        {
            foreach (var (image, predicted) in batch.Zip(response.Predictions[0]))
            {
                int label = test.Labels[image];
                if (predicted.ClassIndex == label)
                    right++;
                if (byName[predicted.Experts[0].Module].Classes.Contains(label))
                    found++;
                cost += CostOf(predicted.Experts.Select(share => byName[share.Module]));
            }
        }

        return new RoutedAccuracy(
            topExperts,
            (double)right / test.Count,
            (double)found / test.Count,
            cost / test.Count
        );
    }

    /// <summary>The gate network and the experts it chose; without one, every expert had to run.</summary>
    private double CostOf(IEnumerable<PreservedModule> answered)
    {
        var gateNetwork = modules.FirstOrDefault(module => module.Role is ModuleRole.Gate);
        return gateNetwork is null
            ? modules.Sum(module => module.MultiplyAdds)
            : gateNetwork.MultiplyAdds + answered.Sum(module => module.MultiplyAdds);
    }
}
