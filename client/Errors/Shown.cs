using System.Globalization;
using System.Text;

namespace Dmkd.Client.Errors;

/// <summary>Words of others in a line for a person: no control characters, and not endless.</summary>
internal static class Shown
{
    private const int MaxLength = 200;

    /// <summary>The text with control characters as <c>\u001B</c>, cut after 200 characters.</summary>
    public static string Of(string text) =>
        Escaped(text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength), "…"));

    /// <summary>The text with control characters as <c>\u001B</c>.</summary>
    public static string Escaped(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (char.IsControl(c))
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
            else
                shown.Append(c);
        }

        return shown.ToString();
    }
}
