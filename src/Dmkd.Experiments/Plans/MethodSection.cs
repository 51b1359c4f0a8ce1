namespace Dmkd.Experiments.Plans;

/// <summary>Reads the key <c>methods</c>: names, names with parameters, or longer forms with a label of their own.</summary>
internal static class MethodSection
{
    private const string NameKey = "name";
    private const string MethodKey = "method";

    /// <summary>Reads it.</summary>
    /// <exception cref="PlanException">The value says what cannot be.</exception>
    public static IReadOnlyList<PlannedMethod> Read(YamlValue section)
    {
        PlannedMethod[] methods = [.. section.List().Select(ReadOne)];
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
        return new PlannedMethod(method, method, only.IsEmpty ? new Dictionary<string, string>() : ParametersOf(only.Map(), []), entry.Line);
    }

    private static PlannedMethod ReadLong(YamlValue entry, YamlMap map)
    {
        string method = PlanReader.NameOf(map.Require(MethodKey));
        string label = map.Find(NameKey) is { } named ? PlanReader.NameOf(named) : method;
        return new PlannedMethod(label, method, ParametersOf(map, [NameKey, MethodKey]), entry.Line);
    }

    private static Dictionary<string, string> ParametersOf(YamlMap map, string[] others) =>
        map.Keys.Except(others).ToDictionary(key => key, key => map.Require(key).Canonical());
}
