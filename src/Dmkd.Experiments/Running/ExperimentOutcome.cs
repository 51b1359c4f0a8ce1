namespace Dmkd.Experiments.Running;

/// <summary>What came of an experiment.</summary>
/// <param name="Cells">Its cells.</param>
/// <param name="Reused">Those that were finished before and not repeated.</param>
/// <param name="Chosen">What the search chose.</param>
/// <param name="Failures">The cells that failed.</param>
public sealed record ExperimentOutcome(int Cells, int Reused, IReadOnlyList<ChosenParameters> Chosen, IReadOnlyList<CellFailure> Failures);
