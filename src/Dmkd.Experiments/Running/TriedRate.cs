using System.Globalization;

namespace Dmkd.Experiments.Running;

/// <summary>A learning rate that was tried.</summary>
/// <param name="LearningRate">The rate.</param>
/// <param name="Accuracy">Class-incremental accuracy on held-out images; null when the cell failed.</param>
/// <param name="TaskIncrementalAccuracy">The same with the task known.</param>
public sealed record TriedRate(double LearningRate, double? Accuracy, double? TaskIncrementalAccuracy)
{
    internal static TriedRate Of(PlannedCell planned, CellDocument? document) => new(
        double.Parse(planned.Value!, CultureInfo.InvariantCulture), document?.FinalAccuracy, document?.TaskIncrementalAccuracy);
}
