using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Protocol;

/// <summary>
/// Measures the cells of an experiment that are not finished yet, some at a time, and writes its manifest.
/// </summary>
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
                int line =
                    plan.Variations.FirstOrDefault(variation =>
                        variation.Label == planned.Label && variation.Parameter == planned.Parameter
                    )?.Line
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
            throw new PlanException(
                $"{folder} holds the results of the experiment '{other.Name}', not of '{plan.Name}'; choose "
                    + $"another folder with --output."
            );
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
        foreach (var choice in choices)
            watcher.Chose(choice);

        var measured = CellPlanner.Measure(plan, choices);
        ExperimentManifest.Of(plan, choices, searched.Concat(measured)).WriteTo(folder);
        var measurement = await RunAsync(CellStage.Measure, measured, jobs, cancellationToken);
        return new ExperimentOutcome(
            search.Cells + measurement.Cells,
            search.Reused + measurement.Reused,
            choices,
            [.. search.Failures, .. measurement.Failures]
        );
    }

    private async Task<(int Cells, int Reused, List<CellFailure> Failures)> RunAsync(
        CellStage stage,
        IReadOnlyList<PlannedCell> planned,
        int jobs,
        CancellationToken cancellationToken
    )
    {
        Cell[] cells = [.. planned.Select(place => place.Cell).DistinctBy(cell => cell.Digest)];
        if (cells.Length == 0)
            return (0, 0, []);
        var looked = cells.Select(cell => (Cell: cell, Document: _store.Find(cell))).ToArray();
        var progress = new StageProgress(
            looked.Where(one => one.Document is not null).Select(one => one.Document!),
            looked.Where(one => one.Document is null).Select(one => one.Cell),
            jobs
        );
        int reused = cells.Length - progress.WaitingCount;
        watcher.Began(stage, cells.Length, reused);
        var failures = new List<CellFailure>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(
            progress.Waiting(),
            options,
            async (cell, ct) =>
            {
                watcher.Started(cell);
                var (document, failure) = await work.RunAsync(cell, share => watcher.Advanced(cell, share), ct);
                lock (failures)
                {
                    var left = progress.Ended(cell, document);
                    if (failure is not null)
                        failures.Add(failure);
                    if (failure is not null)
                        watcher.Failed(cell, failure);
                    else
                        watcher.Finished(cell, document!, left);
                }
            }
        );
        return (cells.Length, reused, failures);
    }
}

/// <summary>Is told how an experiment goes; calls come from many threads.</summary>
public interface IExperimentWatcher
{
    /// <summary>A stage begins.</summary>
    /// <param name="stage">Which.</param>
    /// <param name="cells">Cells in it.</param>
    /// <param name="finished">Those that were finished before and are not repeated.</param>
    void Began(CellStage stage, int cells, int finished);

    /// <summary>A cell begins.</summary>
    void Started(Cell cell);

    /// <summary>A cell has come some way.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="share">Share done, in [0, 1].</param>
    void Advanced(Cell cell, double share);

    /// <summary>A cell is finished and stored.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="document">Its document.</param>
    /// <param name="left">Time left for its stage, estimated; null when unknown.</param>
    void Finished(Cell cell, CellDocument document, TimeSpan? left);

    /// <summary>A cell failed.</summary>
    void Failed(Cell cell, CellFailure failure);

    /// <summary>A search chose.</summary>
    void Chose(ChosenParameters choice);
}

/// <summary>What came of an experiment.</summary>
/// <param name="Cells">Its cells.</param>
/// <param name="Reused">Those that were finished before and not repeated.</param>
/// <param name="Chosen">What the search chose.</param>
/// <param name="Failures">The cells that failed.</param>
public sealed record ExperimentOutcome(
    int Cells,
    int Reused,
    IReadOnlyList<ChosenParameters> Chosen,
    IReadOnlyList<CellFailure> Failures
);

/// <summary>How long an experiment goes on, by what its finished cells took.</summary>
internal static class TimeLeft
{
    /// <summary>
    /// Estimates the time left: each waiting cell takes the median of the finished ones of its method and data set, or
    /// of the nearest that there is.
    /// </summary>
    /// <param name="finished">Method, data set and seconds of each finished cell.</param>
    /// <param name="waiting">Method and data set of each cell that is not finished.</param>
    /// <param name="jobs">Cells at a time.</param>
    /// <returns>The time, or null when nothing is finished.</returns>
    public static TimeSpan? Estimate(
        IReadOnlyCollection<(string Method, string Dataset, double Seconds)> finished,
        IEnumerable<(string Method, string Dataset)> waiting,
        int jobs
    )
    {
        if (finished.Count == 0)
            return null;
        double seconds = waiting.Sum(cell =>
            MedianOf(one => one.Method == cell.Method && one.Dataset == cell.Dataset)
            ?? MedianOf(one => one.Method == cell.Method)
            ?? MedianOf(_ => true)!.Value
        );
        return TimeSpan.FromSeconds(seconds / jobs);

        double? MedianOf(Func<(string Method, string Dataset, double Seconds), bool> counts) =>
            Median([.. finished.Where(counts).Select(one => one.Seconds).Order()]);
    }

    private static double? Median(double[] ascending) =>
        ascending.Length == 0 ? null : (ascending[(ascending.Length - 1) / 2] + ascending[ascending.Length / 2]) / 2;
}
