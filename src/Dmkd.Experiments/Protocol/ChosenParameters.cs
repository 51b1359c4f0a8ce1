namespace Dmkd.Experiments.Protocol;

/// <summary>What the search chose for a method.</summary>
/// <param name="Label">The method.</param>
/// <param name="Dataset">The data set.</param>
/// <param name="Parameters">The best combination: texts by parameter name.</param>
/// <param name="Tried">All combinations, in the order of the grid.</param>
public sealed record ChosenParameters(
    string Label,
    string Dataset,
    IReadOnlyDictionary<string, string> Parameters,
    IReadOnlyList<TriedParameters> Tried
)
{
    /// <summary>
    /// Chooses for every method and data set: the best class-incremental accuracy, then the best task-incremental one,
    /// then the combination that comes first in the grid.
    /// </summary>
    /// <param name="searched">The cells of the search.</param>
    /// <param name="find">A cell's document; null when it failed.</param>
    /// <returns>One choice for each that has at least one finished cell.</returns>
    public static IReadOnlyList<ChosenParameters> Choose(
        IReadOnlyList<PlannedCell> searched,
        Func<Cell, CellDocument?> find
    ) =>
        [
            .. searched
                .GroupBy(planned => (planned.Label, Dataset: planned.Cell.Data.Name))
                .Select(group =>
                    (
                        group.Key,
                        Tried: group.Select(planned => TriedParameters.Of(planned, find(planned.Cell))).ToArray()
                    )
                )
                .Where(group => group.Tried.Any(tried => tried.Accuracy is not null))
                .Select(group => new ChosenParameters(
                    group.Key.Label,
                    group.Key.Dataset,
                    BestOf(group.Tried).Parameters,
                    group.Tried
                )),
        ];

    /// <summary>The combination as one text, such as "learning-rate 0.03, strength 10".</summary>
    public static string TextOf(IReadOnlyDictionary<string, string> parameters) =>
        string.Join(
            ", ",
            parameters.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value}")
        );

    private static TriedParameters BestOf(TriedParameters[] tried) =>
        tried
            .Where(one => one.Accuracy is not null)
            .OrderByDescending(one => one.Accuracy)
            .ThenByDescending(one => one.TaskIncrementalAccuracy)
            .First();
}

/// <summary>A combination of parameters that was tried.</summary>
/// <param name="Parameters">What was searched: texts by parameter name.</param>
/// <param name="Accuracy">Class-incremental accuracy on held-out images; null when the cell failed.</param>
/// <param name="TaskIncrementalAccuracy">The same with the task known.</param>
public sealed record TriedParameters(
    IReadOnlyDictionary<string, string> Parameters,
    double? Accuracy,
    double? TaskIncrementalAccuracy
)
{
    internal static TriedParameters Of(PlannedCell planned, CellDocument? document) =>
        new(planned.Searched, document?.FinalAccuracy, document?.TaskIncrementalAccuracy);
}
