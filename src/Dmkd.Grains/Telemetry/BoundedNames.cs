using System.Collections.Concurrent;

namespace Dmkd.Grains.Telemetry;

/// <summary>Names as tags of metrics: every new value makes a series that lives as long as the process, so their number is bounded.</summary>
/// <param name="most">Names kept apart, about.</param>
internal sealed class BoundedNames(int most)
{
    /// <summary>What further names are called.</summary>
    public const string Other = "other";

    private readonly ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal);

    /// <summary>The name, or <see cref="Other"/> once there are too many.</summary>
    public string Of(string name) => _known.TryGetValue(name, out string? known) ? known : _known.Count >= most ? Other : _known.GetOrAdd(name, name);
}
