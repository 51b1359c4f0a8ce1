using Dmkd.Contracts.Runs;
using Dmkd.Core.Training;

namespace Dmkd.Experiments.Learners;

/// <summary>What a method measured. Accuracies are in [0, 1].</summary>
public sealed record MethodResult
{
    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>A[t][i]: class-incremental accuracy on task i after task t.</summary>
    public required double[][] ClassIncremental { get; init; }

    /// <summary>The same with the task known at test.</summary>
    public required double[][] TaskIncremental { get; init; }

    /// <summary>Macro-F1 at the end, class-incremental.</summary>
    public required double MacroF1 { get; init; }

    /// <summary>Share of test images attributed to the right task at the end.</summary>
    public required double TaskDetectionRate { get; init; }

    /// <summary>Serialized bytes that nodes sent; 0 for a method on pooled data.</summary>
    public long BytesUp { get; init; }

    /// <summary>Bytes that nodes fetched.</summary>
    public long BytesDown { get; init; }

    /// <summary>What the bytes sent would have been as dense fp32.</summary>
    public long DenseBytes { get; init; }

    /// <summary>Of the bytes sent, what the routing was fitted to.</summary>
    public long RoutingBytes { get; init; }

    /// <summary>Device time, in seconds.</summary>
    public required double DeviceSeconds { get; init; }

    /// <summary>Time at work, in seconds.</summary>
    public required double WallSeconds { get; init; }

    /// <summary>Trainable values of all networks together.</summary>
    public required long Parameters { get; init; }

    /// <summary>Multiply-adds to predict one input, all experts asked and all views of the input counted.</summary>
    public required long MacsPerInput { get; init; }

    /// <summary>Training images kept of past tasks; 0 for a method without exemplars.</summary>
    public int Exemplars { get; init; }

    /// <summary>
    /// DMKD's run that learned the experts, when another one did; what they cost is counted here too.
    /// </summary>
    public string? ExpertsOf { get; init; }

    /// <summary>Nodes that the training data lay on: a method that sends nothing has it in one place.</summary>
    /// <param name="nodes">Nodes that the data was spread over for methods that work so.</param>
    public int NodesOf(int nodes) => BytesUp > 0 ? nodes : 1;

    /// <summary>Mean class-incremental accuracy over the tasks at the end.</summary>
    public double FinalAccuracy => ClassIncremental[^1].Average();

    /// <summary>Mean task-incremental accuracy over the tasks at the end.</summary>
    public double TaskIncrementalAccuracy => TaskIncremental[^1].Average();

    /// <summary>Forgetting, class-incremental (proposal 3.5).</summary>
    public double Forgetting => MatrixOf(ClassIncremental).Forgetting;

    /// <summary>Takes over a run's report.</summary>
    public static MethodResult From(RunReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new MethodResult
        {
            Method = "dmkd",
            ClassIncremental = report.ClassIncremental,
            TaskIncremental = report.TaskIncremental,
            MacroF1 = report.MacroF1,
            TaskDetectionRate = report.TaskDetectionRate,
            BytesUp = report.BytesUp,
            BytesDown = report.BytesDown,
            DenseBytes = report.DenseBytes,
            RoutingBytes = report.RoutingBytes,
            DeviceSeconds = report.DeviceSeconds,
            WallSeconds = report.WallSeconds,
            Parameters = report.ExpertParameters.Sum(),
            MacsPerInput = report.MacsPerInput,
            Exemplars = report.Exemplars,
            ExpertsOf = report.Settings.ExpertsOf,
        };
    }

    private static AccuracyMatrix MatrixOf(double[][] rows)
    {
        var matrix = new AccuracyMatrix(rows.Length);
        for (int t = 0; t < rows.Length; t++)
        for (int i = 0; i <= t; i++)
            matrix.Record(t, i, rows[t][i]);
        return matrix;
    }
}
