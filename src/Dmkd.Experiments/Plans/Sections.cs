using Dmkd.Contracts.Settings;
using Dmkd.Data;
using Dmkd.Data.Images;

namespace Dmkd.Experiments.Plans;

/// <summary>Reads the key <c>data</c>: a data set, or a list of them.</summary>
internal static class DataSection
{
    private const int DefaultImageSize = 32;

    /// <summary>Reads it.</summary>
    /// <param name="section">The value.</param>
    /// <param name="tasks">Tasks of a data set that does not say.</param>
    /// <exception cref="PlanException">The value says what cannot be.</exception>
    public static IReadOnlyList<PlannedData> Read(YamlValue section, int tasks)
    {
        PlannedData[] data = section.IsList
            ? [.. section.List().Select(item => ReadOne(item, tasks))]
            : [ReadOne(section, tasks)];
        string? twice = data.GroupBy(one => one.Name).FirstOrDefault(group => group.Count() > 1)?.Key;
        return twice is null
            ? data
            : throw section.Refuse($"has the name '{twice}' twice; give each data set a name of its own");
    }

    private static PlannedData ReadOne(YamlValue section, int tasks)
    {
        var map = section.Map();
        var kind = map.Require("kind");
        if (!DatasetSpec.Kinds.Contains(kind.Text()))
            throw kind.Refuse($"must be one of {string.Join(", ", DatasetSpec.Kinds)}, not '{kind.Text()}'");
        var place = map.Find("path");
        string? path = place?.Text();
        RequireFit(kind.Text(), place);
        string name = map.Find("name") is { } named ? PlanReader.NameOf(named) : kind.Text();
        var source = new DataSource
        {
            Kind = kind.Text(),
            Path = path is null ? null : Path.GetFullPath(path, Path.GetDirectoryName(Path.GetFullPath(section.File))!),
            TrainPerClass = map.Find("train-per-class")?.Count(2, int.MaxValue),
            TestPerClass = map.Find("test-per-class")?.Count(1, int.MaxValue),
            ImageSize = map.Find("image-size")?.Count(8, 512) ?? DefaultImageSize,
            Holdout = map.Find("holdout")?.Number(0.01, 0.9),
            Seed = map.Find("seed")?.Count("seed") ?? 1,
        };
        int own = map.Find("tasks")?.Count("tasks") ?? tasks;
        map.RequireAllAsked();
        return new PlannedData(name, source, path, own);
    }

    /// <summary>Refuses a path that its kind would not read.</summary>
    private static void RequireFit(string kind, YamlValue? path)
    {
        try
        {
            _ = DatasetKind.Of(kind, path?.Text());
        }
        catch (DatasetException)
        {
            throw path!.Refuse(
                $"does not go with kind {kind}, which is drawn; name the kind of its files or leave it out"
            );
        }
    }
}

/// <summary>
/// Reads the key <c>methods</c>: names, names with parameters, or longer forms with a label of their own. A parameter
/// with a list of values is searched.
/// </summary>
internal static class MethodSection
{
    private const string NameKey = "name";
    private const string MethodKey = "method";

    /// <summary>Reads it.</summary>
    /// <param name="section">The value.</param>
    /// <param name="searches">Whether the experiment has a search.</param>
    /// <exception cref="PlanException">The value says what cannot be.</exception>
    public static IReadOnlyList<PlannedMethod> Read(YamlValue section, bool searches)
    {
        PlannedMethod[] methods = [.. section.List().Select(ReadOne)];
        if (!searches && methods.FirstOrDefault(method => method.Searched.Count > 0) is { } searched)
            throw new PlanException(
                $"{section.File}:{searched.Line}: {searched.Label} has a list of values for "
                    + $"{searched.Searched.Keys.First()}; a list is searched, and that needs the key 'select'."
            );
        var twice = methods.GroupBy(method => method.Label).FirstOrDefault(group => group.Count() > 1)?.Last();
        return twice is null
            ? methods
            : throw new PlanException(
                $"{section.File}:{twice.Line}: there are two methods '{twice.Label}'; give one a label: {{ "
                    + $"name: LABEL, method: {twice.Method}, ... }}."
            );
    }

    private static PlannedMethod ReadOne(YamlValue entry)
    {
        if (!entry.IsMap)
        {
            string plain = PlanReader.NameOf(entry);
            return new PlannedMethod(plain, plain, new Dictionary<string, string>(), entry.Line);
        }

        var map = entry.Map();
        if (map.Keys.Contains(NameKey) || map.Keys.Contains(MethodKey))
            return ReadLong(entry, map);
        if (map.Keys.Count != 1)
            throw entry.Refuse(
                $"must be one method with its parameters, or have the key '{MethodKey}'; it has the keys "
                    + $"{string.Join(", ", map.Keys)}"
            );
        var only = map.Require(map.Keys.First());
        string method = PlanReader.NameOf(entry, map.Keys.First());
        return only.IsEmpty
            ? new PlannedMethod(method, method, new Dictionary<string, string>(), entry.Line)
            : MethodOf(method, method, only.Map(), [], entry.Line);
    }

    private static PlannedMethod ReadLong(YamlValue entry, YamlMap map)
    {
        string method = PlanReader.NameOf(map.Require(MethodKey));
        string label = map.Find(NameKey) is { } named ? PlanReader.NameOf(named) : method;
        return MethodOf(label, method, map, [NameKey, MethodKey], entry.Line);
    }

    private static PlannedMethod MethodOf(string label, string method, YamlMap map, string[] others, int line)
    {
        var values = map
            .Keys.Except(others)
            .Select(key => (Key: key, Value: map.Require(key)))
            .ToLookup(pair => pair.Value.IsList);
        return new PlannedMethod(
            label,
            method,
            values[false].ToDictionary(pair => pair.Key, pair => pair.Value.Canonical()),
            line
        )
        {
            Searched = values[true]
                .ToDictionary(
                    pair => pair.Key,
                    pair => (IReadOnlyList<string>)PlanReader.Distinct(pair.Value, value => value.Canonical())
                ),
        };
    }
}

/// <summary>
/// Reads the key <c>vary</c>, and puts the ablations in the order in which the proposal asks for them.
/// </summary>
internal static class VariationSection
{
    /// <summary>The proposal's alpha, beta, r, tau and R; others follow.</summary>
    private static readonly string[] Order = ["alpha", "beta", "rank", "merge-every", "top"];

    /// <summary>Reads it.</summary>
    /// <param name="section">The value; null for no ablations.</param>
    /// <param name="methods">The methods that may be varied.</param>
    /// <exception cref="PlanException">The value says what cannot be.</exception>
    public static IReadOnlyList<PlannedVariation> Read(YamlValue? section, IReadOnlyList<PlannedMethod> methods) =>
        section is null
            ? []
            :
            [
                .. section
                    .List()
                    .Select(entry => ReadOne(entry, methods))
                    .OrderBy(variation => PlaceOf(variation.Parameter)),
            ];

    private static PlannedVariation ReadOne(YamlValue entry, IReadOnlyList<PlannedMethod> methods)
    {
        var map = entry.Map();
        var method = map.Require("method");
        string[] labels = [.. methods.Select(known => known.Label)];
        if (!labels.Contains(method.Text()))
            throw method.Refuse($"must be the label of a method ({string.Join(", ", labels)}), not '{method.Text()}'");
        string parameter = map.Require("parameter").Text();
        string[] values = PlanReader.Distinct(map.Require("values"), value => value.Canonical());
        map.RequireAllAsked();
        return new PlannedVariation(method.Text(), parameter, values, entry.Line);
    }

    private static int PlaceOf(string parameter) =>
        Array.IndexOf(Order, parameter) is >= 0 and var place ? place : Order.Length;
}

/// <summary>The limits that a setting declares itself.</summary>
/// <param name="Min">Smallest value.</param>
/// <param name="Max">Largest value.</param>
internal readonly record struct SettingRange(double Min, double Max)
{
    /// <summary>Limits of a setting of <c>run</c>.</summary>
    /// <param name="name">Its name, such as <c>batch-size</c>.</param>
    public static SettingRange Of(string name) =>
        new(DmkdParameters.Binder[name].Minimum, DmkdParameters.Binder[name].Maximum);
}
