using Dmkd.Contracts.Routing;
using Dmkd.Core.Evaluation;
using Dmkd.Data;
using Dmkd.Grains.Data;

namespace Dmkd.Grains.Runs;

/// <summary>Evaluates a library on test images through its router (proposal 3.5).</summary>
internal sealed class RunEvaluation(IRouterGrain router, RunData data, RoutingSettings routing, int parallelism)
{
    private const int MostImagesPerBatch = 250;

    /// <summary>Predicts the test images of all tasks up to one, class- and task-incrementally from the same forward pass.</summary>
    /// <param name="lastTask">The newest task.</param>
    /// <param name="moduleOfTask">Name of each task's module.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    /// <param name="cancellationToken">Ends the evaluation.</param>
    public async Task<EvaluationResult> RunAsync(
        int lastTask, Func<int, string> moduleOfTask, Action<double> progress, CancellationToken cancellationToken)
    {
        int[] seen = data.ClassesUpTo(lastTask);
        var batches = Enumerable.Range(0, lastTask + 1).SelectMany(task => BatchesOf(task, seen)).ToArray();
        var responses = new RouteResponse[batches.Length];
        int done = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, batches.Length),
            new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken, TaskScheduler = TaskScheduler.Current },
            async (index, token) =>
            {
                responses[index] = await router.RouteAsync(batches[index].Request, token);
                progress((double)++done / batches.Length);
            });

        return Summarise(lastTask, batches, responses, moduleOfTask);
    }

    private static EvaluationResult Summarise(int lastTask, TestBatch[] batches, RouteResponse[] responses, Func<int, string> moduleOfTask)
    {
        var confusion = new ConfusionMatrix(batches.SelectMany(batch => batch.Labels).Max() + 1);
        long[] count = new long[lastTask + 1], classRight = new long[lastTask + 1], taskRight = new long[lastTask + 1];
        long detected = 0;
        foreach (var (batch, response) in batches.Zip(responses))
        {
            string expected = moduleOfTask(batch.Task);
            for (int i = 0; i < batch.Labels.Length; i++)
            {
                var predicted = response.Predictions[0][i];
                confusion.Add(batch.Labels[i], predicted.ClassIndex);
                count[batch.Task]++;
                if (predicted.ClassIndex == batch.Labels[i]) classRight[batch.Task]++;
                if (response.Predictions[1][i].ClassIndex == batch.Labels[i]) taskRight[batch.Task]++;
                if (predicted.Experts[0].Module == expected) detected++;
            }
        }

        return new EvaluationResult(
            [.. classRight.Zip(count, (right, all) => (double)right / all)],
            [.. taskRight.Zip(count, (right, all) => (double)right / all)],
            confusion.MacroF1, (double)detected / count.Sum(), responses.Sum(response => response.DeviceSeconds));
    }

    private IEnumerable<TestBatch> BatchesOf(int task, int[] seen)
    {
        int[] own = [.. data.Tasks.ClassesOf(task)];
        var test = data.TestOf(own);
        int batchSize = Math.Clamp(RouteRequest.MaxPixelBytes / test.BytesPerImage, 1, MostImagesPerBatch);
        for (int start = 0; start < test.Count; start += batchSize)
        {
            var part = test.Select([.. Enumerable.Range(start, Math.Min(batchSize, test.Count - start))]);
            yield return new TestBatch(task, part.Labels, RequestOf(part, seen, own));
        }
    }

    private RouteRequest RequestOf(ImageSet images, int[] seen, int[] own) => new()
    {
        Pixels = images.Pixels,
        Count = images.Count,
        Channels = images.Channels,
        Size = images.Height,
        CandidateSets = [seen, own],
        Routing = routing,
    };

    private sealed record TestBatch(int Task, int[] Labels, RouteRequest Request);
}
