using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Running;

/// <summary>The cells of an experiment, in the order in which they are measured: learning rates first, then methods seed by seed, then ablations.</summary>
public static class CellPlanner
{
    /// <summary>Cells that search learning rates: for every data set, every method that names no learning rate, and every rate.</summary>
    public static IReadOnlyList<PlannedCell> Search(ExperimentPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Search is not { } search) return [];
        var heldOut = new HeldOutImages(search.ValidationShare, search.Seed);
        return
        [
            .. from data in plan.Data
               from method in plan.Methods.Where(IsSearched)
               from rate in search.Rates
               let text = YamlValue.NumberText(rate)
               select new PlannedCell(method.Label, PlannedMethod.LearningRate, text, CellOf(plan, CellStage.Search, method.With(PlannedMethod.LearningRate, text), data, search.Seed, heldOut)),
        ];
    }

    /// <summary>Cells that measure.</summary>
    /// <param name="plan">The experiment.</param>
    /// <param name="rates">What the search chose. A method without a choice on a data set is left out there.</param>
    public static IReadOnlyList<PlannedCell> Measure(ExperimentPlan plan, IReadOnlyList<ChosenRate> rates)
    {
        ArgumentNullException.ThrowIfNull(plan);
        IEnumerable<PlannedCell> methods =
            from seed in plan.Seeds
            from data in plan.Data
            from method in plan.Methods
            let known = WithRate(plan, method, data, rates)
            where known is not null
            select new PlannedCell(method.Label, null, null, CellOf(plan, CellStage.Measure, known, data, seed, null));
        IEnumerable<PlannedCell> variations =
            from variation in plan.Variations
            from seed in plan.Seeds
            from value in variation.Values
            from data in plan.Data
            let known = WithRate(plan, plan.Methods.First(method => method.Label == variation.Label), data, rates)
            where known is not null
            select new PlannedCell(
                variation.Label, variation.Parameter, value, CellOf(plan, CellStage.Measure, known.With(variation.Parameter, value), data, seed, null));
        return [.. methods, .. variations];
    }

    /// <summary>Whether a method's learning rate is searched: one that is written in the file stays.</summary>
    internal static bool IsSearched(PlannedMethod method) => !method.Parameters.ContainsKey(PlannedMethod.LearningRate);

    private static PlannedMethod? WithRate(ExperimentPlan plan, PlannedMethod method, PlannedData data, IReadOnlyList<ChosenRate> rates)
    {
        if (plan.Search is null || !IsSearched(method)) return method;
        return rates.FirstOrDefault(rate => rate.Label == method.Label && rate.Dataset == data.Name) is { } chosen
            ? method.With(PlannedMethod.LearningRate, YamlValue.NumberText(chosen.LearningRate))
            : null;
    }

    private static Cell CellOf(ExperimentPlan plan, CellStage stage, PlannedMethod method, PlannedData data, int seed, HeldOutImages? heldOut)
    {
        var settings = plan.SettingsFor(data, seed);
        var parameters = method.Method == DmkdParameters.MethodName ? DmkdParameters.WithoutDefaults(settings, method.Parameters) : method.Parameters;
        return new Cell(stage, method.Method, parameters, data, settings, heldOut);
    }
}
