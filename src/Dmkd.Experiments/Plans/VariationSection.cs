namespace Dmkd.Experiments.Plans;

/// <summary>Reads the key <c>vary</c>, and puts the ablations in the order in which the proposal asks for them.</summary>
internal static class VariationSection
{
    /// <summary>The proposal's alpha, beta, r, tau and R; others follow.</summary>
    private static readonly string[] Order = ["alpha", "beta", "rank", "merge-every", "top"];

    /// <summary>Reads it.</summary>
    /// <param name="section">The value; null for no ablations.</param>
    /// <param name="methods">The methods that may be varied.</param>
    /// <exception cref="PlanException">The value says what cannot be.</exception>
    public static IReadOnlyList<PlannedVariation> Read(YamlValue? section, IReadOnlyList<PlannedMethod> methods) =>
        section is null ? [] : [.. section.List().Select(entry => ReadOne(entry, methods)).OrderBy(variation => PlaceOf(variation.Parameter))];

    private static PlannedVariation ReadOne(YamlValue entry, IReadOnlyList<PlannedMethod> methods)
    {
        var map = entry.Map();
        var method = map.Require("method");
        string[] labels = [.. methods.Select(known => known.Label)];
        if (!labels.Contains(method.Text())) throw method.Refuse($"must be the label of a method ({string.Join(", ", labels)}), not '{method.Text()}'");
        string parameter = map.Require("parameter").Text();
        string[] values = PlanReader.Distinct(map.Require("values"), value => value.Canonical());
        map.RequireAllAsked();
        return new PlannedVariation(method.Text(), parameter, values, entry.Line);
    }

    private static int PlaceOf(string parameter) => Array.IndexOf(Order, parameter) is >= 0 and var place ? place : Order.Length;
}
