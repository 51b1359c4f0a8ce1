using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Data.Images;
using Dmkd.Grains.Nodes;

namespace Dmkd.Grains.Routing;

/// <summary>
/// Routes test images in batches, several at a time. To be used on a grain's turns: it stays on the scheduler it is
/// called on.
/// </summary>
/// <param name="router">The library's router.</param>
/// <param name="parallelism">Batches under way at the same time, at least 1.</param>
internal sealed class BatchRouting(IRouterGrain router, int parallelism)
{
    /// <summary>Most images of a batch.</summary>
    public const int MaxImagesPerBatch = 250;

    /// <summary>
    /// The positions of all images of a set, in order, in batches that keep to the limits of a request.
    /// </summary>
    public static IEnumerable<int[]> Split(ImageSet images) =>
        Enumerable
            .Range(0, images.Count)
            .Chunk(Math.Clamp(RouteRequest.MaxInputBytes / images.BytesPerImage, 1, MaxImagesPerBatch));

    /// <summary>A request for some images of a set; it holds a copy of them.</summary>
    public static RouteRequest RequestOf(ImageSet images, int[] batch, int[][] candidateSets, RoutingSettings routing)
    {
        var chosen = images.Select(batch);
        return new RouteRequest
        {
            Input = InputOf(chosen),
            CandidateSets = candidateSets,
            Routing = routing,
        };
    }

    /// <summary>Inputs as the tensor of a request.</summary>
    public static NamedTensor InputOf(IInputs inputs)
    {
        var signature = RunData.Modality.SignatureOf(inputs.InputShape, ModuleSignature.PlainLabels).Input;
        int[] shape = [inputs.Count, .. inputs.InputShape.Lengths];
        return new NamedTensor(signature.Name, signature.DataType, shape, inputs.Content);
    }

    /// <summary>Routes batches.</summary>
    /// <param name="batches">What the requests are made of.</param>
    /// <param name="requestOf">Makes the request of a batch when its turn has come.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The responses in the order of the batches.</returns>
    public async Task<RouteResponse[]> RouteAsync<T>(
        IReadOnlyList<T> batches,
        Func<T, RouteRequest> requestOf,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        var responses = new RouteResponse[batches.Count];
        int done = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, batches.Count),
            new ParallelOptions
            {
                MaxDegreeOfParallelism = parallelism,
                CancellationToken = cancellationToken,
                TaskScheduler = TaskScheduler.Current,
            },
            async (index, token) =>
            {
                responses[index] = await router.RouteAsync(requestOf(batches[index]), token);
                progress((double)++done / batches.Count);
            }
        );
        return responses;
    }
}
