namespace Dmkd.Experiments.Reports;

/// <summary>A cell that failed.</summary>
/// <param name="Cell">Its name.</param>
/// <param name="Error">Why.</param>
public sealed record FailedCell(string Cell, string Error);
