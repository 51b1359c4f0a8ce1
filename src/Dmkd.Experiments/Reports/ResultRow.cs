using Dmkd.Experiments.Running;

namespace Dmkd.Experiments.Reports;

/// <summary>A finished cell at a place of an experiment.</summary>
/// <param name="Place">The place.</param>
/// <param name="Document">What was measured.</param>
public sealed record ResultRow(ManifestEntry Place, CellDocument Document);
