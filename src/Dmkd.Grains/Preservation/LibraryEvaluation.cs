using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Routing;
using Dmkd.Data;

namespace Dmkd.Grains.Preservation;

/// <summary>Evaluates a preserved library on test images through the router that also serves predictions.</summary>
internal sealed class LibraryEvaluation(IRouterGrain router, ImageSet test, PreservedModule[] modules, string gate, double gateVote, int parallelism)
{
    private const int MostImagesPerBatch = 250;

    /// <summary>Predicts all test images.</summary>
    /// <param name="topExperts">Experts that answer, R.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    /// <param name="cancellationToken">Ends the evaluation.</param>
    public async Task<(RoutedAccuracy Accuracy, double DeviceSeconds)> RunAsync(int topExperts, Action<double> progress, CancellationToken cancellationToken)
    {
        int batchSize = Math.Clamp(RouteRequest.MaxPixelBytes / test.BytesPerImage, 1, MostImagesPerBatch);
        int[] all = [.. modules.Where(module => module.Role is ModuleRole.Expert).SelectMany(module => module.Classes).Order()];
        var batches = Enumerable.Range(0, test.Count).Chunk(batchSize).ToArray();
        var responses = new RouteResponse[batches.Length];
        int done = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, batches.Length),
            new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken, TaskScheduler = TaskScheduler.Current },
            async (index, token) =>
            {
                responses[index] = await router.RouteAsync(RequestOf(test.Select(batches[index]), all, topExperts), token);
                progress((double)++done / batches.Length);
            });
        return (Summarise(topExperts, batches, responses), responses.Sum(response => response.DeviceSeconds));
    }

    private RoutedAccuracy Summarise(int topExperts, int[][] batches, RouteResponse[] responses)
    {
        var byName = modules.ToDictionary(module => module.Name, StringComparer.Ordinal);
        long right = 0, found = 0;
        double cost = 0;
        foreach (var (batch, response) in batches.Zip(responses))
        {
            foreach (var (image, predicted) in batch.Zip(response.Predictions[0]))
            {
                int label = test.Labels[image];
                if (predicted.ClassIndex == label) right++;
                if (byName[predicted.Experts[0].Module].Classes.Contains(label)) found++;
                cost += CostOf(predicted.Experts.Select(share => byName[share.Module]));
            }
        }

        return new RoutedAccuracy(topExperts, (double)right / test.Count, (double)found / test.Count, cost / test.Count);
    }

    /// <summary>The gate network and the experts it chose; without one, every expert had to run.</summary>
    private double CostOf(IEnumerable<PreservedModule> answered)
    {
        var gateNetwork = modules.FirstOrDefault(module => module.Role is ModuleRole.Gate);
        return gateNetwork is null
            ? modules.Sum(module => module.MultiplyAdds)
            : gateNetwork.MultiplyAdds + answered.Sum(module => module.MultiplyAdds);
    }

    private RouteRequest RequestOf(ImageSet images, int[] classes, int topExperts) => new()
    {
        Pixels = images.Pixels,
        Count = images.Count,
        Channels = images.Channels,
        Size = images.Height,
        CandidateSets = [classes],
        Routing = new RoutingSettings(gate, topExperts, 0, gateVote),
    };
}
