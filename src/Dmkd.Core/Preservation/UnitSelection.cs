using Dmkd.Core.Models;

namespace Dmkd.Core.Preservation;

/// <summary>The units of each space that an expert keeps (proposal 3.2.2).</summary>
public sealed class UnitSelection
{
    private readonly Dictionary<string, int[]> _units = new(StringComparer.Ordinal);

    /// <summary>Checks and copies a choice.</summary>
    /// <param name="units">By space name: unit indices, at least one, strictly ascending from 0.</param>
    /// <exception cref="ArgumentException">A choice is empty, negative or not ascending; the message names the
    /// space.</exception>
    public UnitSelection(IEnumerable<KeyValuePair<string, IReadOnlyList<int>>> units)
    {
        ArgumentNullException.ThrowIfNull(units);
        foreach (var (space, chosen) in units)
        {
            if (chosen.Count == 0 || chosen[0] < 0 || chosen.Zip(chosen.Skip(1)).Any(pair => pair.First >= pair.Second))
                throw new ArgumentException(
                    $"The units of space '{space}' must be at least one, ascending from 0; they are "
                        + $"[{string.Join(", ", chosen)}].",
                    nameof(units)
                );
            _units.Add(space, [.. chosen]);
        }
    }

    /// <summary>The number of units chosen in each space.</summary>
    public IReadOnlyDictionary<string, int> Widths =>
        _units.ToDictionary(pair => pair.Key, pair => pair.Value.Length, StringComparer.Ordinal);

    /// <summary>The units chosen in each space, ascending.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<int>> Units =>
        _units.ToDictionary(
            pair => pair.Key,
            pair => (IReadOnlyList<int>)pair.Value.AsReadOnly(),
            StringComparer.Ordinal
        );

    /// <summary>The units chosen in a space, ascending.</summary>
    public IReadOnlyList<int> this[string space] =>
        _units.TryGetValue(space, out int[]? units)
            ? units
            : throw new KeyNotFoundException(
                $"The selection has no space '{space}'; it has: {string.Join(", ", _units.Keys)}."
            );

    /// <summary>Chooses every unit of a network.</summary>
    public static UnitSelection All(NetworkArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        return new(
            architecture.UnitSpaces.Select(space =>
                KeyValuePair.Create(space.Name, (IReadOnlyList<int>)[.. Enumerable.Range(0, space.Width)])
            )
        );
    }
}
