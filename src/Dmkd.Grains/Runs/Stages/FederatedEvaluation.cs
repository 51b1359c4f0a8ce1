using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Training;
using Dmkd.Grains.Routing;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>
/// Evaluates a library that parties grow on what each of its nodes keeps for testing: every node routes its own, and
/// tells counts, which are added up. The task's nodes must answer; of the others those that are here are asked.
/// </summary>
internal sealed class FederatedEvaluation(RunScope run)
{
    private readonly NodeMeasuring _nodes = new(run);

    /// <summary>Evaluates, and notes each node's accuracy.</summary>
    public async Task<EvaluationResult> RunAsync(CancellationToken cancellationToken)
    {
        var catalog = run.Grains.GetGrain<IModuleCatalogGrain>(run.RunId);
        var modules = await catalog.ListAsync(cancellationToken);
        var gate = RunGate.Of(run.Settings).NeedsFit ? await catalog.GetGateAsync(cancellationToken) : null;
        int[] asked = await AskedAsync(cancellationToken);
        var reports = await Task.WhenAll(asked.Select(node => _nodes.EvaluationAsync(node, [.. modules], gate)));
        run.State.NodeAccuracies = [.. asked.Zip(reports, AccuracyOf)];
        run.State.BytesUp += reports.Sum(report => report.Bytes);
        var result = Sum(reports, [.. run.Settings.Library!.Tasks.Select(task => task.Classes.Length)]);
        return result with
        {
            ClassIncremental = Known(result.ClassIncremental, run.State.ClassIncremental),
            TaskIncremental = Known(result.TaskIncremental, run.State.TaskIncremental),
        };
    }

    /// <summary>What the nodes' counts say together.</summary>
    /// <param name="reports">The nodes' counts.</param>
    /// <param name="sizes">Classes of each task, in order.</param>
    internal static EvaluationResult Sum(IReadOnlyList<EvaluationReport> reports, int[] sizes)
    {
        int classes = sizes.Sum();
        var evaluator = new Evaluator(sizes.Length, classes);
        int[] taskOf = [.. sizes.SelectMany((size, task) => Enumerable.Repeat(task, size))];
        for (int label = 0; label < classes; label++)
        {
            int rightInTask = reports.Sum(report => report.RightInTask[label]);
            int foundTask = reports.Sum(report => report.FoundTask[label]);
            int answer = 0;
            for (int predicted = 0; predicted < classes; predicted++)
            {
                int count = reports.Sum(report => report.Confusion[label * classes + predicted]);
                for (int i = 0; i < count; i++, answer++)
                {
                    int inTask = answer < rightInTask ? label : ConfusionMatrix.NoPrediction;
                    evaluator.Add(taskOf[label], new TestAnswer(label, predicted, inTask, answer < foundTask));
                }
            }
        }

        return new EvaluationResult(evaluator.Scores, reports.Sum(report => report.DeviceSeconds));
    }

    /// <summary>A task of which no node that was asked keeps examples has the accuracy that it had last.</summary>
    private static double[] Known(double[] row, List<double[]> before)
    {
        double[] last = before.Count > 0 ? before[^1] : [];
        return [.. row.Select((accuracy, task) => double.IsNaN(accuracy) ? last.ElementAtOrDefault(task) : accuracy)];
    }

    private async Task<int[]> AskedAsync(CancellationToken cancellationToken)
    {
        var here = await _nodes.HereAsync(cancellationToken);
        var plan = run.Settings.Library!;
        var all = _nodes.Present(Enumerable.Range(0, plan.Nodes.Length));
        return [.. all.Where(node => plan.Tasks[run.State.Task].Nodes.Contains(node) || here.Contains(node))];
    }

    private NodeAccuracy AccuracyOf(int node, EvaluationReport report)
    {
        int classes = report.Classes;
        long right = Enumerable.Range(0, classes).Sum(label => (long)report.Confusion[label * classes + label]);
        return new NodeAccuracy(run.Settings.Library!.Nodes[node], right, report.Confusion.Sum(count => (long)count));
    }
}
