using System.Globalization;

namespace Dmkd.Client.Display;

/// <summary>Numbers and lists as the tables show them.</summary>
internal static class Figures
{
    /// <summary>A whole number, with its thousands apart.</summary>
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A share of 1 in percent.</summary>
    /// <param name="share">Such as 0.123.</param>
    /// <param name="decimals">Digits after the point.</param>
    public static string Percent(double share, int decimals = 1) => share.ToString($"P{decimals}", CultureInfo.InvariantCulture);

    /// <summary>The first names of a list, and how many more there are.</summary>
    public static string First(int most, IReadOnlyList<string> names) => names.Count <= most
        ? string.Join(", ", names)
        : $"{string.Join(", ", names.Take(most))} and {names.Count - most} more";
}
