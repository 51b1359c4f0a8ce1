using Dmkd.Experiments.Protocol;
using Dmkd.Experiments.Tests.Running;

namespace Dmkd.Experiments.Tests.Reports;

/// <summary>A folder of results of the tiny experiment, filled by hand.</summary>
internal sealed class FilledFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Fills it: one cell failed, all others are there.</summary>
    public FilledFolder()
    {
        var plan = TinyPlan.Create();
        var search = CellPlanner.Search(plan);
        foreach (var planned in search)
            Store.Write(planned.Cell, Documents.Of(planned.Cell, 0.2, 0.3));
        var choices = ChosenParameters.Choose(search, Store.Find);
        var cells = CellPlanner.Measure(plan, choices);
        foreach (var planned in cells)
        {
            if (planned.Label == "fixed" && planned.Cell.Settings.Seed == 2)
                Store.Write(
                    planned.Cell,
                    CellFailure.Of(planned.Cell, "out of <luck>, \"all\" of it", Documents.Circumstances)
                );
            else
                Store.Write(planned.Cell, Documents.Of(planned.Cell, AccuracyOf(planned), 0.9));
        }

        ExperimentManifest.Of(plan, choices, search.Concat(cells)).WriteTo(Path);
    }

    public string Path => _folder.Path;

    private CellStore Store => new(Path);

    public void Dispose() => _folder.Dispose();

    private static double AccuracyOf(PlannedCell planned) =>
        (planned.Label == "dmkd" ? 0.5 : 0.25) + 0.01 * planned.Cell.Settings.Seed * (planned.Label == "dmkd" ? 1 : 2);
}
