using System.Text.RegularExpressions;

namespace Dmkd.Core;

/// <summary>Names that people give to runs, libraries and nodes; they stand in keys, tables, paths and commands.</summary>
public static partial class KeyName
{
    /// <summary>Why a text cannot be a name, in a sentence; null when it can.</summary>
    /// <param name="what">What it would be the name of, such as an option.</param>
    /// <param name="name">The text; null is none.</param>
    public static string? ProblemOf(string what, string? name) =>
        Pattern().IsMatch(name ?? "")
            ? null
            : $"{what} must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit, not "
                + $"'{OneLine.Of(name)}'.";

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex Pattern();
}
