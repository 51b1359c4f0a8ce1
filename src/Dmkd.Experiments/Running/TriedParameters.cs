namespace Dmkd.Experiments.Running;

/// <summary>A combination of parameters that was tried.</summary>
/// <param name="Parameters">What was searched: texts by parameter name.</param>
/// <param name="Accuracy">Class-incremental accuracy on held-out images; null when the cell failed.</param>
/// <param name="TaskIncrementalAccuracy">The same with the task known.</param>
public sealed record TriedParameters(IReadOnlyDictionary<string, string> Parameters, double? Accuracy, double? TaskIncrementalAccuracy)
{
    internal static TriedParameters Of(PlannedCell planned, CellDocument? document) => new(
        planned.Searched, document?.FinalAccuracy, document?.TaskIncrementalAccuracy);
}
