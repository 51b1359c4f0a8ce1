using System.Globalization;

namespace Dmkd.Core.Merging.Rules;

/// <summary>Knows the merge rules by name, with or without a parameter.</summary>
public static class MergeRuleCatalog
{
    private const string ParameterExamples = "clipped-2, trimmed-0.3, krum-2, nnm-0.3";

    private static readonly Dictionary<string, Func<IMergeRule>> Plain = new(StringComparer.Ordinal)
    {
        ["mean"] = () => new MeanRule(),
        ["weighted"] = () => new WeightedMeanRule(),
        ["clipped"] = () => new ClippedMeanRule(),
        ["trimmed"] = () => new TrimmedMeanRule(),
        ["median"] = () => new MedianRule(),
        ["krum"] = () => new KrumRule(),
        ["nnm"] = () => new NearestNeighbourMixingRule(),
    };

    private static readonly Dictionary<string, Func<string, IMergeRule>> WithParameter = new(StringComparer.Ordinal)
    {
        ["clipped"] = text => new ClippedMeanRule(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)),
        ["trimmed"] = text => new TrimmedMeanRule(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)),
        ["nnm"] = text => new NearestNeighbourMixingRule(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)),
        ["krum"] = text => new KrumRule(int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture)),
    };

    /// <summary>The names without parameters, for command lines.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Plain.Keys];

    /// <summary>Makes a rule.</summary>
    /// <param name="name">
    /// One of <see cref="Names"/>, or with its parameter: <c>clipped-2</c> (median norms), <c>trimmed-0.3</c> (fraction), <c>krum-2</c> (faulty nodes), <c>nnm-0.3</c> (share of faulty nodes).
    /// </param>
    /// <exception cref="ArgumentException">There is no such rule, or its parameter is no number or out of range; the message says what there is.</exception>
    public static IMergeRule Named(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (Plain.TryGetValue(name, out var make)) return make();
        string[] parts = name.Split('-', 2);
        if (parts.Length < 2 || !WithParameter.TryGetValue(parts[0], out var makeWith))
            throw new ArgumentException(
                $"There is no merge rule '{name}'; there are: {string.Join(", ", Names)}; with a parameter: {ParameterExamples}.", nameof(name));
        try
        {
            return makeWith(parts[1]);
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            throw new ArgumentException(
                $"The parameter of merge rule '{name}' must be a number, as in {ParameterExamples}; it is '{parts[1]}'.", nameof(name), error);
        }
    }
}
