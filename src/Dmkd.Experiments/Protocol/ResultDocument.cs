using Dmkd.Contracts.Settings;
using Dmkd.Experiments.Learners;

namespace Dmkd.Experiments.Protocol;

/// <summary>One method's row of the document that <c>run --json</c> prints. Field names are stable.</summary>
public record ResultDocument
{
    /// <summary>The run.</summary>
    public required string RunId { get; init; }

    /// <summary>The method.</summary>
    public required string Method { get; init; }

    /// <summary>Kind of the data set.</summary>
    public required string Data { get; init; }

    /// <summary>Number of tasks.</summary>
    public required int Tasks { get; init; }

    /// <summary>Number of nodes; 1 for a method on pooled data.</summary>
    public required int Nodes { get; init; }

    /// <summary>Seed of everything random.</summary>
    public required int Seed { get; init; }

    /// <summary>Accuracies after each task.</summary>
    public required AccuracyRows AccuracyMatrix { get; init; }

    /// <summary>Mean class-incremental accuracy over the tasks at the end.</summary>
    public required double FinalAccuracy { get; init; }

    /// <summary>Mean task-incremental accuracy over the tasks at the end.</summary>
    public required double TaskIncrementalAccuracy { get; init; }

    /// <summary>Macro-F1 at the end, class-incremental.</summary>
    public required double MacroF1 { get; init; }

    /// <summary>Forgetting, class-incremental (docs/adr/0005).</summary>
    public required double Forgetting { get; init; }

    /// <summary>Share of test images attributed to the right task at the end.</summary>
    public required double TaskDetectionRate { get; init; }

    /// <summary>Serialized bytes that nodes sent.</summary>
    public required long BytesUp { get; init; }

    /// <summary>Bytes of weights that nodes fetched.</summary>
    public required long BytesDown { get; init; }

    /// <summary>What the updates sent would have been as dense fp32.</summary>
    public required long DenseBytes { get; init; }

    /// <summary>
    /// Of <see cref="BytesUp"/>, what the routing was fitted to; null in results of programs that did not tell.
    /// </summary>
    public long? RoutingBytes { get; init; }

    /// <summary>Device time of all participants, in seconds.</summary>
    public required double DeviceSeconds { get; init; }

    /// <summary>Time at work, in seconds.</summary>
    public required double WallSeconds { get; init; }

    /// <summary>Trainable values of all networks together.</summary>
    public required long Parameters { get; init; }

    /// <summary>Multiply-adds to predict one input.</summary>
    public required long MacsPerInput { get; init; }

    /// <summary>Training images kept of past tasks.</summary>
    public required int Exemplars { get; init; }

    /// <summary>The row of a method.</summary>
    public static ResultDocument Of(string runId, RunSettings settings, MethodResult result, int nodes)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(result);
        return new ResultDocument
        {
            RunId = runId,
            Method = result.Method,
            Data = settings.Data.Kind,
            Tasks = settings.Tasks,
            Nodes = nodes,
            Seed = settings.Seed,
            AccuracyMatrix = new AccuracyRows(result.ClassIncremental, result.TaskIncremental),
            FinalAccuracy = result.FinalAccuracy,
            TaskIncrementalAccuracy = result.TaskIncrementalAccuracy,
            MacroF1 = result.MacroF1,
            Forgetting = result.Forgetting,
            TaskDetectionRate = result.TaskDetectionRate,
            BytesUp = result.BytesUp,
            BytesDown = result.BytesDown,
            DenseBytes = result.DenseBytes,
            RoutingBytes = result.RoutingBytes,
            DeviceSeconds = result.DeviceSeconds,
            WallSeconds = result.WallSeconds,
            Parameters = result.Parameters,
            MacsPerInput = result.MacsPerInput,
            Exemplars = result.Exemplars,
        };
    }
}
