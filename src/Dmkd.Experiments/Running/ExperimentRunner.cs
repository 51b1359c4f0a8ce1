using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Running;

/// <summary>Measures the cells of an experiment that are not finished yet, some at a time, and writes its manifest.</summary>
/// <param name="plan">The experiment.</param>
/// <param name="folder">The folder of results.</param>
/// <param name="work">Measures one cell.</param>
/// <param name="watcher">Is told how it goes.</param>
public sealed class ExperimentRunner(ExperimentPlan plan, string folder, CellWork work, IExperimentWatcher watcher)
{
    private readonly CellStore _store = new(folder);

    /// <summary>Refuses methods and parameters that do not exist before anything is measured.</summary>
    /// <param name="plan">The experiment.</param>
    /// <param name="check">Refuses a cell by throwing <see cref="MethodParameterException"/>.</param>
    /// <exception cref="PlanException">Names file, line and what is wrong.</exception>
    public static void Check(ExperimentPlan plan, Action<Cell> check)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(check);
        var choices = plan.Search is { } search
            ? from method in plan.Methods
              from first in search.GridOf(method).Take(1)
              from data in plan.Data
              select new ChosenParameters(method.Label, data.Name, first, [])
            : [];
        foreach (var planned in CellPlanner.Search(plan).Concat(CellPlanner.Measure(plan, [.. choices])))
        {
            try
            {
                check(planned.Cell);
            }
            catch (MethodParameterException e)
            {
                int line = plan.Variations.FirstOrDefault(variation => variation.Label == planned.Label && variation.Parameter == planned.Parameter)?.Line
                    ?? plan.Methods.First(method => method.Label == planned.Label).Line;
                throw new PlanException($"{plan.File}:{line}: {e.Message}");
            }
        }
    }

    /// <summary>Refuses a folder with results of another experiment.</summary>
    /// <exception cref="PlanException">It has some.</exception>
    public static void Check(ExperimentPlan plan, string folder)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (ExperimentManifest.Find(folder) is { } other && other.Name != plan.Name)
            throw new PlanException($"{folder} holds the results of the experiment '{other.Name}', not of '{plan.Name}'; choose another folder with --output.");
    }

    /// <summary>Measures everything that is missing.</summary>
    /// <param name="jobs">Cells at a time, at least 1.</param>
    /// <param name="cancellationToken">Stops; finished cells stay.</param>
    public async Task<ExperimentOutcome> RunAsync(int jobs, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(jobs, 1);
        var searched = CellPlanner.Search(plan);
        ExperimentManifest.Of(plan, [], searched).WriteTo(folder);
        var search = await RunAsync(CellStage.Search, searched, jobs, cancellationToken);
        var choices = ChosenParameters.Choose(searched, _store.Find);
        foreach (var choice in choices) watcher.Chose(choice);

        var measured = CellPlanner.Measure(plan, choices);
        ExperimentManifest.Of(plan, choices, searched.Concat(measured)).WriteTo(folder);
        var measurement = await RunAsync(CellStage.Measure, measured, jobs, cancellationToken);
        return new ExperimentOutcome(search.Cells + measurement.Cells, search.Reused + measurement.Reused, choices, [.. search.Failures, .. measurement.Failures]);
    }

    private async Task<(int Cells, int Reused, List<CellFailure> Failures)> RunAsync(
        CellStage stage, IReadOnlyList<PlannedCell> planned, int jobs, CancellationToken cancellationToken)
    {
        Cell[] cells = [.. planned.Select(place => place.Cell).DistinctBy(cell => cell.Digest)];
        if (cells.Length == 0) return (0, 0, []);
        var looked = cells.Select(cell => (Cell: cell, Document: _store.Find(cell))).ToArray();
        var progress = new StageProgress(looked.Where(one => one.Document is not null).Select(one => one.Document!), looked.Where(one => one.Document is null).Select(one => one.Cell), jobs);
        int reused = cells.Length - progress.WaitingCount;
        watcher.Began(stage, cells.Length, reused);
        var failures = new List<CellFailure>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(progress.Waiting(), options, async (cell, ct) =>
        {
            watcher.Started(cell);
            var (document, failure) = await work.RunAsync(cell, share => watcher.Advanced(cell, share), ct);
            lock (failures)
            {
                var left = progress.Ended(cell, document);
                if (failure is not null) failures.Add(failure);
                if (failure is not null) watcher.Failed(cell, failure);
                else watcher.Finished(cell, document!, left);
            }
        });
        return (cells.Length, reused, failures);
    }
}
