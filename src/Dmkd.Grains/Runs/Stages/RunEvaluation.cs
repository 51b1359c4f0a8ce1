using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Routing;
using Dmkd.Core.Training;
using Dmkd.Data.Images;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Routing;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>Evaluates a library on test images through its router (proposal 3.5).</summary>
/// <param name="router">The library's router.</param>
/// <param name="data">The run's data.</param>
/// <param name="settings">The run's settings.</param>
/// <param name="parallelism">Batches under way at the same time, at least 1.</param>
internal sealed class RunEvaluation(IRouterGrain router, RunData data, RunSettings settings, int parallelism)
{
    private readonly BatchRouting _batches = new(router, parallelism);

    /// <summary>
    /// Predicts the test images of all tasks up to one, class- and task-incrementally from the same forward pass.
    /// </summary>
    /// <param name="lastTask">The newest task.</param>
    /// <param name="moduleOfTask">Name of each task's module.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    /// <param name="cancellationToken">Ends the evaluation.</param>
    public async Task<EvaluationResult> RunAsync(
        int lastTask,
        Func<int, string> moduleOfTask,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        int[] seen = data.ClassesUpTo(lastTask);
        TestBatch[] batches = [.. Enumerable.Range(0, lastTask + 1).SelectMany(BatchesOf)];
        var responses = await _batches.RouteAsync(
            batches,
            batch => RequestOf(batch, seen),
            progress,
            cancellationToken
        );
        return Summarise(lastTask, batches, responses, moduleOfTask);
    }

    /// <summary>One forward pass for both; the oracle knows the task, so that only the right expert is asked.</summary>
    private RouteRequest RequestOf(TestBatch batch, int[] seen)
    {
        if (RunGate.Of(settings).Needs.HasFlag(GateNeeds.Task))
        {
            var routing = settings.Routing with { Gate = EvidenceGate.GateName };
            return BatchRouting.RequestOf(batch.Test, batch.Images, [batch.Classes, batch.Classes], routing);
        }

        return BatchRouting.RequestOf(batch.Test, batch.Images, [seen, batch.Classes], settings.Routing) with
        {
            Calibration = settings.Fitting.Calibration,
        };
    }

    /// <summary>What the router's answers to batches mean.</summary>
    internal static EvaluationResult Summarise(
        int lastTask,
        TestBatch[] batches,
        RouteResponse[] responses,
        Func<int, string> moduleOfTask
    )
    {
        var evaluator = new Evaluator(lastTask + 1, batches.SelectMany(batch => batch.Labels).Max() + 1);
        foreach (var (batch, response) in batches.Zip(responses))
        {
            string expected = moduleOfTask(batch.Task);
            for (int i = 0; i < batch.Labels.Length; i++)
            {
                var predicted = response.Predictions[0][i];
                int inTask = response.Predictions[1][i].ClassIndex;
                evaluator.Add(
                    batch.Task,
                    new TestAnswer(
                        batch.Labels[i],
                        predicted.ClassIndex,
                        inTask,
                        predicted.Experts[0].Module == expected
                    )
                );
            }
        }

        return new EvaluationResult(evaluator.Scores, responses.Sum(response => response.DeviceSeconds));
    }

    private IEnumerable<TestBatch> BatchesOf(int task)
    {
        int[] own = [.. data.Tasks.ClassesOf(task)];
        var test = data.TestOf(own);
        return BatchRouting
            .Split(test)
            .Select(images => new TestBatch(task, own, test, images, [.. images.Select(image => test.Labels[image])]));
    }

    /// <summary>Test images of a task that are routed together.</summary>
    internal sealed record TestBatch(int Task, int[] Classes, ImageSet Test, int[] Images, int[] Labels);
}
