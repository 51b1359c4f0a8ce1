using YamlDotNet.RepresentationModel;

namespace Dmkd.Experiments.Plans;

/// <summary>
/// The keys of a mapping; those that nobody asked for are refused, so that a misspelt key does not pass for a default.
/// </summary>
internal sealed class YamlMap
{
    private readonly YamlValue _owner;
    private readonly Dictionary<string, YamlValue> _values = [];
    private readonly List<string> _asked = [];

    public YamlMap(YamlValue owner, YamlMappingNode map)
    {
        _owner = owner;
        foreach (var (key, value) in map.Children)
        {
            string name = new YamlValue(owner.File, owner.Path, key).Text();
            _values.Add(name, new YamlValue(owner.File, owner.Path.Length == 0 ? name : $"{owner.Path}.{name}", value));
        }
    }

    /// <summary>The keys there are, in the file's order.</summary>
    public IReadOnlyCollection<string> Keys => _values.Keys;

    /// <summary>A value, or null when its key is not there.</summary>
    public YamlValue? Find(string key)
    {
        if (!_asked.Contains(key))
            _asked.Add(key);
        return _values.GetValueOrDefault(key);
    }

    /// <summary>A value.</summary>
    /// <exception cref="PlanException">Its key is not there.</exception>
    public YamlValue Require(string key) =>
        Find(key)
        ?? throw new PlanException(
            $"{_owner.File}:{_owner.Line}: {(_owner.Path.Length == 0 ? "the experiment" : _owner.Path)} needs the key '{key}'."
        );

    /// <summary>Refuses keys that nobody asked for.</summary>
    /// <exception cref="PlanException">Names the first of them, and those there may be.</exception>
    public void RequireAllAsked()
    {
        string? unknown = _values.Keys.FirstOrDefault(key => !_asked.Contains(key));
        if (unknown is not null)
            throw _values[unknown].Refuse($"is unknown; known are: {string.Join(", ", _asked)}");
    }
}
