using Quickenshtein;

namespace Dmkd.Core;

/// <summary>Names that a word may stand for that is none of them.</summary>
public static class NearNames
{
    private const int MaxDistance = 2;
    private const int MaxWhole = 12,
        MaxNearest = 6;

    /// <summary>The nearest name; null when none is near.</summary>
    /// <param name="word">What was written.</param>
    /// <param name="names">What there is.</param>
    public static string? Of(string word, IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(word);
        string? nearest = Sorted(word, names).FirstOrDefault();
        int limit = Math.Min(MaxDistance, word.Length / 2);
        // a word that is the name stands where none is taken, such as after --
        return nearest is not null && nearest != word && DistanceOf(word, nearest) <= limit ? nearest : null;
    }

    /// <summary>The question after the nearest name, with a space before it; empty when none is near.</summary>
    /// <inheritdoc cref="Of"/>
    public static string Question(string word, IEnumerable<string> names) =>
        Of(word, names) is { } nearest ? $" Did you mean {nearest}?" : "";

    /// <summary>All names, or the nearest six of many.</summary>
    /// <inheritdoc cref="Of"/>
    public static string Listed(string word, IReadOnlyCollection<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count <= MaxWhole)
            return string.Join(", ", names);
        return $"{string.Join(", ", Sorted(word, names).Take(MaxNearest))} and {names.Count - MaxNearest} more";
    }

    private static IOrderedEnumerable<string> Sorted(string word, IEnumerable<string> names) =>
        names.OrderBy(name => DistanceOf(word, name)).ThenBy(name => name, StringComparer.Ordinal);

    // Capital letters and hyphens are what people leave out.
    private static int DistanceOf(string word, string name) => Levenshtein.GetDistance(Bare(word), Bare(name));

    private static string Bare(string name) => name.Replace("-", "", StringComparison.Ordinal).ToUpperInvariant();
}

/// <summary>What refusals say, for people who know no C#.</summary>
public static class RefusalText
{
    /// <summary>The message without the name and the value of a C# parameter, which it has said already.</summary>
    /// <param name="refusal">The exception.</param>
    public static string Of(Exception refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        return refusal is ArgumentException ? refusal.Message.Split(" (Parameter '", 2)[0] : refusal.Message;
    }
}
