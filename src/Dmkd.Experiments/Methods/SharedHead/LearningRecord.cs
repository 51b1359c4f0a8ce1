using System.Diagnostics;
using Dmkd.Core.Devices;
using Dmkd.Core.Training;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>Collects what a baseline measures while it learns.</summary>
/// <param name="method">The method's name.</param>
/// <param name="job">The lane.</param>
/// <param name="parameters">Trainable values.</param>
/// <param name="macsPerInput">Multiply-adds to predict one input.</param>
internal sealed class LearningRecord(string method, DeviceJob job, long parameters, long macsPerInput)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<EvaluationScores> _rows = [];

    /// <summary>Adds the measurements after the next task.</summary>
    public void Add(EvaluationScores scores) => _rows.Add(scores);

    /// <summary>Ends the learning.</summary>
    public MethodResult Finish() => new()
    {
        Method = method,
        ClassIncremental = [.. _rows.Select(row => row.ClassIncremental)],
        TaskIncremental = [.. _rows.Select(row => row.TaskIncremental)],
        MacroF1 = _rows[^1].MacroF1,
        TaskDetectionRate = _rows[^1].TaskDetectionRate,
        DeviceSeconds = job.Elapsed.TotalSeconds,
        WallSeconds = _clock.Elapsed.TotalSeconds,
        Parameters = parameters,
        MacsPerInput = macsPerInput,
    };
}
