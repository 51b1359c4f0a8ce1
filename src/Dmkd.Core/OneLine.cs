using System.Globalization;
using System.Text;

namespace Dmkd.Core;

/// <summary>
/// Text that somebody else chose, such as a key, a file's name or a class's name, on its way into a log, a table or a
/// terminal: one line, no control characters, of a bounded length.
/// </summary>
public static class OneLine
{
    /// <summary>Most characters of a text that are shown, escapes not counted.</summary>
    public const int MaxCharacters = 200;

    private const string Cut = "...";

    /// <summary>
    /// The text with control characters as <c>\u001B</c>, cut after <see cref="MaxCharacters"/> characters.
    /// </summary>
    /// <param name="text">The text; null is an empty one.</param>
    public static string Of(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        if (text.Length <= MaxCharacters)
            return Escaped(text);
        int end = char.IsHighSurrogate(text[MaxCharacters - 1]) ? MaxCharacters - 1 : MaxCharacters;
        return Escaped(text[..end]) + Cut;
    }

    /// <summary>The whole text with control characters as <c>\u001B</c>.</summary>
    /// <param name="text">The text.</param>
    public static string Escaped(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (IsPlain(text))
            return text;
        var escaped = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
                escaped.Append(text[i]).Append(text[++i]);
            else if (IsShown(text[i]))
                escaped.Append(text[i]);
            else
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}");
        }

        return escaped.ToString();
    }

    /// <summary>Whether a text needs no escapes.</summary>
    /// <param name="text">The text.</param>
    public static bool IsPlain(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (int i = 0; i < text.Length; i++)
            if (char.IsSurrogatePair(text, i))
                i++;
            else if (!IsShown(text[i]))
                return false;
        return true;
    }

    /// <summary>
    /// Not so: what moves the cursor, ends the line, turns the direction of writing, or is half a character.
    /// </summary>
    private static bool IsShown(char letter) =>
        CharUnicodeInfo.GetUnicodeCategory(letter)
            is not (
                UnicodeCategory.Control
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Surrogate
            )
        && letter is not ((>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'));
}
