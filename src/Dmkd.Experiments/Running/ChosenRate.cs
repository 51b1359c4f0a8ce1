namespace Dmkd.Experiments.Running;

/// <summary>What the search for a learning rate chose.</summary>
/// <param name="Label">The method.</param>
/// <param name="Dataset">The data set.</param>
/// <param name="LearningRate">The rate.</param>
/// <param name="Tried">Class-incremental accuracy on the held-out images by rate; null for a rate whose cell failed.</param>
public sealed record ChosenRate(string Label, string Dataset, double LearningRate, IReadOnlyList<TriedRate> Tried)
{
    /// <summary>Chooses for every method and data set: the best class-incremental accuracy, then the best task-incremental one, then the smallest rate.</summary>
    /// <param name="searched">The cells of the search.</param>
    /// <param name="find">A cell's document; null when it failed.</param>
    /// <returns>One choice for each that has at least one finished cell.</returns>
    public static IReadOnlyList<ChosenRate> Choose(IReadOnlyList<PlannedCell> searched, Func<Cell, CellDocument?> find) =>
    [
        .. searched
            .GroupBy(planned => (planned.Label, Dataset: planned.Cell.Data.Name))
            .Select(group => (group.Key, Tried: group.Select(planned => TriedRate.Of(planned, find(planned.Cell))).ToArray()))
            .Where(group => group.Tried.Any(tried => tried.Accuracy is not null))
            .Select(group => new ChosenRate(group.Key.Label, group.Key.Dataset, BestOf(group.Tried).LearningRate, group.Tried)),
    ];

    private static TriedRate BestOf(TriedRate[] tried) => tried
        .Where(one => one.Accuracy is not null)
        .OrderByDescending(one => one.Accuracy)
        .ThenByDescending(one => one.TaskIncrementalAccuracy)
        .ThenBy(one => one.LearningRate)
        .First();
}
