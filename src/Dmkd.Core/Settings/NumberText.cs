using System.Globalization;

namespace Dmkd.Core.Settings;

/// <summary>
/// Reads the numbers that users write, everywhere in the same way: a point before the decimals, whatever the language
/// of the machine, and nothing between thousands. <c>0,002</c> is no number.
/// </summary>
public static class NumberText
{
    /// <summary>Reads a number, such as <c>0.002</c>, <c>2e-3</c> or <c>inf</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="number">The number; 0 when the text is none.</param>
    /// <returns>Whether the text is a number.</returns>
    public static bool TryRead(string? text, out double number)
    {
        if (text is "inf" or "infinity" or ".inf")
        {
            number = double.PositiveInfinity;
            return true;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Reads a whole number, such as <c>12</c> or <c>-3</c>.</summary>
    /// <inheritdoc cref="TryRead(string?, out double)"/>
    public static bool TryRead(string? text, out int number) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    /// <summary>What is wrong with a text that is no number.</summary>
    /// <param name="text">The text.</param>
    /// <param name="shown">What the reader knows the number as, such as <c>--learning-rate</c>.</param>
    /// <param name="isWhole">Whether a whole number is wanted.</param>
    public static string ProblemOf(string text, string shown, bool isWhole)
    {
        string wanted = isWhole ? "a whole number such as 12" : "a number such as 0.002";
        string hint = text?.Contains(',', StringComparison.Ordinal) is true ? ", with a point and no commas" : "";
        return $"{shown} must be {wanted}{hint}, not '{text}'.";
    }
}
