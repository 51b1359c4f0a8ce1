using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Dmkd.Client.Errors;
using Dmkd.Core;
using Dmkd.Core.Settings;

namespace Dmkd.Client.Commands;

/// <summary>Makes options that are no settings, and reads them.</summary>
internal static class OptionReader
{
    private const double LargestNumber = 1e12; // beyond, sums of it lose what is added

    /// <summary>An option with a default.</summary>
    public static Option<T> Number<T>(string name, string description, T value) =>
        new Option<T>(name) { Description = description, DefaultValueFactory = _ => value }.WithNumbers();

    /// <summary>
    /// Has an option of numbers read them as <see cref="NumberText"/> does: the library would read <c>0,002</c> as 2.
    /// </summary>
    /// <param name="option">The option.</param>
    /// <param name="setting">The setting that it is of, whose limits a refusal names; null for none.</param>
    public static Option<T> WithNumbers<T>(this Option<T> option, Setting? setting = null)
    {
        var type = Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T);
        if (type == typeof(int) || type == typeof(double))
            option.CustomParser = Parsed;
        return option;

        T? Parsed(ArgumentResult result)
        {
            string text = result.Tokens[0].Value;
            bool isWhole = type == typeof(int);
            if (isWhole && NumberText.TryRead(text, out int count))
                return (T)(object)count;
            if (!isWhole && NumberText.TryRead(text, out double number))
                return (T)(object)number;
            result.AddError(
                setting?.ProblemOfText(text, option.Name) ?? NumberText.ProblemOf(text, option.Name, isWhole)
            );
            return default;
        }
    }

    /// <summary>The value of an option that must be at least a minimum.</summary>
    /// <exception cref="BadInputException">Names the option, its limit and the value.</exception>
    public static T AtLeast<T>(ParseResult parsed, Option<T> option, double minimum)
        where T : struct, IConvertible
    {
        var value = parsed.GetValue(option);
        double number = value.ToDouble(CultureInfo.InvariantCulture);
        if (number >= minimum && number <= LargestNumber)
            return value;
        throw new BadInputException(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{option.Name} must be at least {minimum}{(number > minimum ? $" and at most {LargestNumber:R}" : "")}, not {value}."
            )
        );
    }

    /// <summary>The value of an option that must be one of some words.</summary>
    /// <exception cref="BadInputException">Names the option, the words and the value.</exception>
    public static string OneOf(ParseResult parsed, Option<string> option, IReadOnlyList<string> known)
    {
        string value = parsed.GetValue(option)!;
        return known.Contains(value)
            ? value
            : throw new BadInputException($"{option.Name} must be one of {string.Join(", ", known)}, not '{value}'.");
    }
}

/// <summary>Names for what the user gave none.</summary>
internal static class NewName
{
    /// <summary>
    /// A name made from the time, such as <c>run-20300102-030405-9f2c</c>; the end keeps two of one second apart.
    /// </summary>
    public static string Of(string kind)
    {
        var now = TimeProvider.System.GetLocalNow();
        string time = now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        return $"{kind}-{time}-{Guid.NewGuid().ToString("N")[..4]}";
    }

    /// <summary>The name that an option gives to something new; null when it is not given.</summary>
    /// <exception cref="BadInputException">It cannot be one; says why.</exception>
    public static string? Checked(Option<string?> option, ParseResult parsed)
    {
        if (parsed.GetValue(option) is not { } name)
            return null;
        Require(option, name);
        return name;
    }

    /// <summary>Names stand in keys, tables, paths and commands.</summary>
    /// <exception cref="BadInputException">It cannot be a name; says why.</exception>
    public static void Require(Option option, string name) => Require(option.Name, name);

    /// <inheritdoc cref="Require(Option, string)"/>
    public static void Require(string what, string name)
    {
        if (KeyName.ProblemOf(what, name) is { } problem)
            throw new BadInputException(problem);
    }
}
