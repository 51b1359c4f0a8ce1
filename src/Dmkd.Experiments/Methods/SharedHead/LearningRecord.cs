using System.Diagnostics;
using Dmkd.Core.Devices;

namespace Dmkd.Experiments.Methods.SharedHead;

/// <summary>Collects what a baseline measures while it learns.</summary>
internal sealed class LearningRecord(string method, DeviceJob job)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<TaskScores> _rows = [];

    /// <summary>Adds the measurements after the next task.</summary>
    public void Add(TaskScores scores) => _rows.Add(scores);

    /// <summary>Ends the learning.</summary>
    /// <param name="parameters">Trainable values.</param>
    /// <param name="macsPerInput">Multiply-adds to predict one input.</param>
    public MethodResult Finish(long parameters, long macsPerInput) => new()
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
