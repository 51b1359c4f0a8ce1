using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Dmkd.Core.Modalities.Images;

namespace Dmkd.Client.Commands;

/// <summary>Makes options and reads them, with the limits that the settings themselves declare.</summary>
internal static class OptionReader
{
    /// <summary>An option with a default.</summary>
    public static Option<T> Number<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    /// <summary>The value of an option that must be in the range of a property of some settings.</summary>
    /// <exception cref="BadInputException">Names the option, its limits and the value.</exception>
    public static T Checked<TSettings, T>(ParseResult parsed, Option<T> option, string property)
        where T : struct, IConvertible
    {
        var value = parsed.GetValue(option);
        var range = typeof(TSettings).GetProperty(property)!.GetCustomAttribute<RangeAttribute>()!;
        double number = value.ToDouble(CultureInfo.InvariantCulture);
        double minimum = Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture), maximum = Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture);
        return number >= minimum && number <= maximum
            ? value
            : throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} must be in [{minimum}, {maximum}], not {value}."));
    }

    /// <summary>The value of an option that must be at least a minimum.</summary>
    /// <exception cref="BadInputException">Names the option, its limit and the value.</exception>
    public static T AtLeast<T>(ParseResult parsed, Option<T> option, double minimum)
        where T : struct, IConvertible
    {
        var value = parsed.GetValue(option);
        return value.ToDouble(CultureInfo.InvariantCulture) >= minimum
            ? value
            : throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} must be at least {minimum}, not {value}."));
    }

    /// <summary>A number of views: 1, 4 or 8.</summary>
    /// <exception cref="BadInputException">It is another.</exception>
    public static int ViewsOf(ParseResult parsed, Option<int> option)
    {
        int views = parsed.GetValue(option);
        return RotationLabels.AreViews(views)
            ? views
            : throw new BadInputException($"{option.Name} must be 1, {RotationLabels.Count} or {RotationLabels.MostViews}, not {views}.");
    }

    /// <summary>The value of an option that must be one of some words.</summary>
    /// <exception cref="BadInputException">Names the option, the words and the value.</exception>
    public static string OneOf(ParseResult parsed, Option<string> option, IReadOnlyList<string> known)
    {
        string value = parsed.GetValue(option)!;
        return known.Contains(value) ? value : throw new BadInputException($"{option.Name} must be one of {string.Join(", ", known)}, not '{value}'.");
    }
}
