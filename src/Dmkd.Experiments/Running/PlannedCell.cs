namespace Dmkd.Experiments.Running;

/// <summary>A cell and its place in the experiment. One cell may have several places, and is measured once.</summary>
/// <param name="Label">Label of the method.</param>
/// <param name="Parameter">The parameter that is varied or searched; null for the method as it stands in the file.</param>
/// <param name="Value">Its value.</param>
/// <param name="Cell">The cell.</param>
public sealed record PlannedCell(string Label, string? Parameter, string? Value, Cell Cell);
