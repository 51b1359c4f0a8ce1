namespace Dmkd.Experiments.Plans;

/// <summary>
/// Grid search for each method's parameters, on images held out of the training data; test images are never looked at. All methods share
/// the grid of learning rates; a method may have lists of its own (<see cref="PlannedMethod.Searched"/>), which are searched together with it.
/// </summary>
/// <param name="LearningRates">The grid of a method that names no learning rate, in one spelling.</param>
/// <param name="ValidationShare">Share of each class's training images that is held out, in (0, 0.5].</param>
/// <param name="Seed">Seed of the search, and of what is held out.</param>
/// <param name="TrainPerClass">Images per class that the search trains on at most; null for all that are not held out.</param>
public sealed record ParameterSearch(IReadOnlyList<string> LearningRates, double ValidationShare, int Seed, int? TrainPerClass)
{
    /// <summary>What is tried for a method: every combination of its lists, in their order; none for a method that has nothing to search.</summary>
    /// <param name="method">The method.</param>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> GridOf(PlannedMethod method)
    {
        ArgumentNullException.ThrowIfNull(method);
        IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> lists = method.Searched.OrderBy(pair => pair.Key, StringComparer.Ordinal);
        if (!method.Names(PlannedMethod.LearningRate)) lists = lists.Prepend(new(PlannedMethod.LearningRate, LearningRates));
        IEnumerable<IReadOnlyDictionary<string, string>> none = [new Dictionary<string, string>()];
        var grid = lists.Aggregate(none, (some, list) => some.SelectMany(one => list.Value.Select(value => With(one, list.Key, value))));
        return [.. grid.Where(one => one.Count > 0)];
    }

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string> one, string parameter, string value) => new(one) { [parameter] = value };
}
