using Dmkd.Experiments.Plans;
using Dmkd.Experiments.Reports;
using Dmkd.Experiments.Running;

namespace Dmkd.Client.Display;

/// <summary>The document that <c>experiment run --json</c> prints.</summary>
/// <param name="Name">The experiment.</param>
/// <param name="Folder">The folder of results.</param>
/// <param name="Cells">Its cells.</param>
/// <param name="Reused">Those that were finished before.</param>
/// <param name="Failed">Those that failed, with their reasons.</param>
/// <param name="Chosen">What was chosen on held-out images.</param>
/// <param name="Reference">Method that the others are compared with.</param>
/// <param name="Summary">One summary per data set and method.</param>
internal sealed record ExperimentDocument(
    string Name, string Folder, int Cells, int Reused, IReadOnlyList<FailedCell> Failed, IReadOnlyList<ChosenParameters> Chosen, string Reference, IReadOnlyList<MethodSummary> Summary)
{
    public static ExperimentDocument Of(ExperimentPlan plan, string folder, ExperimentOutcome outcome, ExperimentResults results) => new(
        plan.Name, folder, outcome.Cells, outcome.Reused, [.. outcome.Failures.Select(failure => new FailedCell(failure.Cell, failure.Error))], outcome.Chosen,
        plan.Reference, ReportDocument.Of(results, folder, []).Summary);
}
