namespace Dmkd.Experiments.Plans;

/// <summary>An ablation: one parameter at a time takes several values, around a method of the experiment.</summary>
/// <param name="Label">Label of the method.</param>
/// <param name="Parameter">The parameter.</param>
/// <param name="Values">Its values, in the order of the curve.</param>
/// <param name="Line">Where it stands in the file.</param>
public sealed record PlannedVariation(string Label, string Parameter, IReadOnlyList<string> Values, int Line);
