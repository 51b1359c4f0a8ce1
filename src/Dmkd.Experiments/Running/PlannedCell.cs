namespace Dmkd.Experiments.Running;

/// <summary>A cell and its place in the experiment. One cell may have several places, and is measured once.</summary>
/// <param name="Label">Label of the method.</param>
/// <param name="Parameter">The parameter that is varied; null for the method as it stands in the file, and in a search.</param>
/// <param name="Value">Its value.</param>
/// <param name="Cell">The cell.</param>
public sealed record PlannedCell(string Label, string? Parameter, string? Value, Cell Cell)
{
    /// <summary>The combination that a search tries; empty outside a search.</summary>
    public IReadOnlyDictionary<string, string> Searched { get; init; } = new Dictionary<string, string>();
}
