namespace Dmkd.Experiments.Plans;

/// <summary>Reads the key <c>methods</c>: names, names with parameters, or longer forms with a label of their own. A parameter with a list of values is searched.</summary>
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
            throw new PlanException($"{section.File}:{searched.Line}: {searched.Label} has a list of values for {searched.Searched.Keys.First()}; a list is searched, and that needs the key 'select'.");
        var twice = methods.GroupBy(method => method.Label).FirstOrDefault(group => group.Count() > 1)?.Last();
        return twice is null
            ? methods
            : throw new PlanException($"{section.File}:{twice.Line}: there are two methods '{twice.Label}'; give one a label: {{ name: LABEL, method: {twice.Method}, ... }}.");
    }

    private static PlannedMethod ReadOne(YamlValue entry)
    {
        if (!entry.IsMap)
        {
            string plain = PlanReader.NameOf(entry);
            return new PlannedMethod(plain, plain, new Dictionary<string, string>(), entry.Line);
        }

        var map = entry.Map();
        if (map.Keys.Contains(NameKey) || map.Keys.Contains(MethodKey)) return ReadLong(entry, map);
        if (map.Keys.Count != 1) throw entry.Refuse($"must be one method with its parameters, or have the key '{MethodKey}'; it has the keys {string.Join(", ", map.Keys)}");
        var only = map.Require(map.Keys.First());
        string method = PlanReader.NameOf(entry, map.Keys.First());
        return only.IsEmpty ? new PlannedMethod(method, method, new Dictionary<string, string>(), entry.Line) : MethodOf(method, method, only.Map(), [], entry.Line);
    }

    private static PlannedMethod ReadLong(YamlValue entry, YamlMap map)
    {
        string method = PlanReader.NameOf(map.Require(MethodKey));
        string label = map.Find(NameKey) is { } named ? PlanReader.NameOf(named) : method;
        return MethodOf(label, method, map, [NameKey, MethodKey], entry.Line);
    }

    private static PlannedMethod MethodOf(string label, string method, YamlMap map, string[] others, int line)
    {
        var values = map.Keys.Except(others).Select(key => (Key: key, Value: map.Require(key))).ToLookup(pair => pair.Value.IsList);
        return new PlannedMethod(label, method, values[false].ToDictionary(pair => pair.Key, pair => pair.Value.Canonical()), line)
        {
            Searched = values[true].ToDictionary(pair => pair.Key, pair => (IReadOnlyList<string>)PlanReader.Distinct(pair.Value, value => value.Canonical())),
        };
    }
}
