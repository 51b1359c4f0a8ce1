namespace Dmkd.Experiments.Running;

/// <summary>A place in an experiment.</summary>
/// <param name="Digest">Digest of the cell.</param>
/// <param name="Stage">What it is for.</param>
/// <param name="Label">Label of the method.</param>
/// <param name="Dataset">The data set.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Parameter">The parameter that is varied; null for the method as it stands in the file, and in a search.</param>
/// <param name="Value">Its value.</param>
public sealed record ManifestEntry(string Digest, CellStage Stage, string Label, string Dataset, int Seed, string? Parameter, string? Value)
{
    internal static ManifestEntry Of(PlannedCell planned) => new(
        planned.Cell.Digest, planned.Cell.Stage, planned.Label, planned.Cell.Data.Name, planned.Cell.Settings.Seed, planned.Parameter, planned.Value);
}
