using System.CommandLine;
using System.Globalization;
using System.Reflection;
using Dmkd.Core.Modalities.Images;

namespace Dmkd.Client.Commands;

/// <summary>Makes options that are no settings, and reads them.</summary>
internal static class OptionReader
{
    /// <summary>An option with a default.</summary>
    public static Option<T> Number<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

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

    /// <summary>The value of an option that must be one of some words.</summary>
    /// <exception cref="BadInputException">Names the option, the words and the value.</exception>
    public static string OneOf(ParseResult parsed, Option<string> option, IReadOnlyList<string> known)
    {
        string value = parsed.GetValue(option)!;
        return known.Contains(value) ? value : throw new BadInputException($"{option.Name} must be one of {string.Join(", ", known)}, not '{value}'.");
    }
}
