using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Protocol;

/// <summary>
/// The cells of an experiment, in the order in which they are measured: searches first, then methods seed by seed, then
/// ablations.
/// </summary>
public static class CellPlanner
{
    /// <summary>
    /// Cells that search parameters: for every data set, every method that has something to search, and every
    /// combination.
    /// </summary>
    public static IReadOnlyList<PlannedCell> Search(ExperimentPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Search is not { } search)
            return [];
        var heldOut = new HeldOutImages(search.ValidationShare, search.Seed, search.TrainPerClass);
        return
        [
            .. from data in plan.Data
            from method in plan.Methods
            from tried in search.GridOf(method)
            select new PlannedCell(
                method.Label,
                null,
                null,
                CellOf(plan, CellStage.Search, method.With(tried), data, search.Seed, heldOut)
            )
            {
                Searched = tried,
            },
        ];
    }

    /// <summary>Cells that measure.</summary>
    /// <param name="plan">The experiment.</param>
    /// <param name="choices">What the search chose. A method without a choice on a data set is left out there.</param>
    public static IReadOnlyList<PlannedCell> Measure(ExperimentPlan plan, IReadOnlyList<ChosenParameters> choices)
    {
        ArgumentNullException.ThrowIfNull(plan);
        IEnumerable<PlannedCell> methods =
            from seed in plan.Seeds
            from data in plan.Data
            from method in plan.Methods
            let known = Chosen(plan, method, data, choices)
            where known is not null
            select new PlannedCell(method.Label, null, null, CellOf(plan, CellStage.Measure, known, data, seed, null));
        IEnumerable<PlannedCell> variations =
            from variation in plan.Variations
            from seed in plan.Seeds
            from value in variation.Values
            from data in plan.Data
            let known = Chosen(plan, plan.Methods.First(method => method.Label == variation.Label), data, choices)
            where known is not null
            select new PlannedCell(
                variation.Label,
                variation.Parameter,
                value,
                CellOf(plan, CellStage.Measure, known.With(variation.Parameter, value), data, seed, null)
            );
        return [.. methods, .. variations];
    }

    private static PlannedMethod? Chosen(
        ExperimentPlan plan,
        PlannedMethod method,
        PlannedData data,
        IReadOnlyList<ChosenParameters> choices
    )
    {
        if (plan.Search is not { } search || search.GridOf(method).Count == 0)
            return method;
        return
            choices.FirstOrDefault(choice => choice.Label == method.Label && choice.Dataset == data.Name) is { } chosen
            ? method.With(chosen.Parameters)
            : null;
    }

    private static Cell CellOf(
        ExperimentPlan plan,
        CellStage stage,
        PlannedMethod method,
        PlannedData data,
        int seed,
        HeldOutImages? heldOut
    )
    {
        var settings = plan.SettingsFor(data, seed);
        var parameters =
            method.Method == DmkdParameters.MethodName
                ? DmkdParameters.WithoutDefaults(settings, method.Parameters)
                : method.Parameters;
        return new Cell(stage, method.Method, parameters, data, settings, heldOut);
    }
}
