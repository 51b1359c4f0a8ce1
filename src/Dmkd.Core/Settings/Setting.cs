using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Numerics;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Dmkd.Core.Settings;

/// <summary>
/// One property of an annotated record, or of one of its sections, as options, experiment files, checks and the
/// reference show it. <c>[Description]</c> makes a property a setting and is its help; <c>[DisplayName]</c> is its name
/// where kebab case is not; <c>[Range]</c> and <c>[AllowedValues]</c> are its limits; <c>[DataType]</c> is the kind of
/// its <see cref="Registry"/>; <c>[DefaultValue(null)]</c> hides a default that depends on other settings.
/// </summary>
public sealed partial class Setting
{
    private readonly PropertyInfo[] _path;
    private readonly RangeAttribute? _range;

    internal Setting(PropertyInfo[] path, object defaults, Registry? known)
    {
        _path = path;
        Known = known;
        _range = Property.GetCustomAttribute<RangeAttribute>();
        Name = Property.GetCustomAttribute<DisplayNameAttribute>()?.DisplayName ?? Kebab(Property.Name);
        Default = Get(defaults);
        Allowed = Property.GetCustomAttribute<AllowedValuesAttribute>()?.Values ?? [];
        HidesDefault = Property.GetCustomAttribute<DefaultValueAttribute>() is not null;
        Help = HelpOf(Property.GetCustomAttribute<DescriptionAttribute>()!.Description);
    }

    /// <summary>Its name in experiment files, and behind two dashes that of its option.</summary>
    public string Name { get; }

    /// <summary>What it is, with the words that it may be.</summary>
    public string Help { get; }

    /// <summary>Type of its values, without null.</summary>
    public Type Type => Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    /// <summary>Whether it may be left open.</summary>
    public bool IsNullable => Default is null;

    /// <summary>Its value when it is not given.</summary>
    public object? Default { get; }

    /// <summary>Whether the default depends on other settings, so that the help text says it.</summary>
    public bool HidesDefault { get; }

    /// <summary>Whether saying it turns something off, as in <c>no-augment</c>.</summary>
    public bool IsNegated => Default is true && Name.StartsWith("no-", StringComparison.Ordinal);

    /// <summary>The words that it may be; null when it is not one of some words.</summary>
    public Registry? Known { get; }

    /// <summary>The values that it may have; empty when a range says.</summary>
    public IReadOnlyList<object?> Allowed { get; }

    /// <summary>Smallest value, in seconds for a time; minus infinity for none.</summary>
    public double Minimum =>
        _range is null ? double.NegativeInfinity : Convert.ToDouble(_range.Minimum, CultureInfo.InvariantCulture);

    /// <summary>Largest value, in seconds for a time; infinity for none.</summary>
    public double Maximum =>
        _range is null ? double.PositiveInfinity : Convert.ToDouble(_range.Maximum, CultureInfo.InvariantCulture);

    /// <summary>Name of the property that holds its section; empty for a setting of the record itself.</summary>
    public string Section => _path.Length == 1 ? "" : _path[0].Name;

    /// <summary>Its limits for people, such as <c>(0, 1]</c>; empty when there are none.</summary>
    public string Limits
    {
        get
        {
            if (Allowed.Count > 0)
                return Listed();
            if (_range is null)
                return "";
            if (HasNoMaximum)
                return Invariant($"at least {Minimum}");
            char open = _range.MinimumIsExclusive ? '(' : '[';
            char close = _range.MaximumIsExclusive ? ')' : ']';
            return Invariant($"{open}{Minimum}, {Maximum}{close}");
        }
    }

    private PropertyInfo Property => _path[^1];

    private bool HasNoMaximum => Maximum >= double.MaxValue;

    /// <summary>Its value in a record.</summary>
    /// <param name="settings">The record.</param>
    public object? Get(object settings) =>
        _path.Aggregate<PropertyInfo, object?>(settings, (owner, property) => property.GetValue(owner));

    /// <summary>A copy of a record with another value of this setting.</summary>
    /// <param name="settings">The record. It stays as it is.</param>
    /// <param name="value">The value.</param>
    public T With<T>(T settings, object? value)
        where T : class
    {
        var copy = Copy(settings);
        object owner = copy;
        foreach (var section in _path[..^1])
        {
            object own = Copy(section.GetValue(owner)!);
            section.SetValue(owner, own);
            owner = own;
        }

        Property.SetValue(owner, value);
        return copy;
    }

    /// <summary>What is wrong with a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="shown">The setting's name as the reader knows it.</param>
    /// <returns>A sentence that names the setting, its limits and the value; null when nothing is wrong.</returns>
    public string? ProblemOf(object? value, string shown)
    {
        if (value is null)
            return null;
        if (Allowed.Count > 0 && !Allowed.Contains(value))
            return Invariant($"{shown} must be {Listed()}, not {value}.");
        if (Known is not null)
            return WordProblem((string)value, shown);
        return _range is null || IsInRange(NumberOf(value))
            ? null
            : RangeProblem(Invariant($"{NumberOf(value)}"), shown);
    }

    /// <summary>What is wrong with a text that is no number of this setting.</summary>
    /// <param name="text">The text.</param>
    /// <param name="shown">The setting's name as the reader knows it.</param>
    public string ProblemOfText(string text, string shown)
    {
        bool isWhole = Type == typeof(int);
        return isWhole && _range is not null && NumberText.IsWhole(text)
            ? RangeProblem(text, shown) // beyond what an int holds
            : NumberText.ProblemOf(text, shown, isWhole);
    }

    /// <summary>Puts a prefix in the place of the braces around names.</summary>
    /// <param name="text">Such as <c>{holders} must be at most 4.</c></param>
    /// <param name="prefix">Such as two dashes.</param>
    public static string Shown(string text, string prefix) =>
        Braced().Replace(text, match => prefix + match.Groups[1].Value);

    private string? WordProblem(string text, string shown)
    {
        if (Known!.ProblemOf(text) is not { } problem)
            return null;
        bool saysMore = Known.TakesParameters || text.Contains('=', StringComparison.Ordinal);
        return saysMore
            ? $"{shown}: {problem}"
            : $"{shown} must be one of {string.Join(", ", Known.Names)}, not '{text}'.";
    }

    private bool IsInRange(double number)
    {
        bool isAbove = _range!.MinimumIsExclusive ? number > Minimum : number >= Minimum;
        bool isBelow = _range.MaximumIsExclusive ? number < Maximum : number <= Maximum;
        return isAbove && isBelow;
    }

    private string RangeProblem(string number, string shown)
    {
        if (Type == typeof(TimeSpan))
            return Invariant($"{shown} must be above {Minimum} and at most {Maximum} seconds, not {number}.");
        return HasNoMaximum
            ? Invariant($"{shown} must be {Limits}, not {number}.")
            : Invariant($"{shown} must be in {Limits}, not {number}.");
    }

    private string Listed() => Invariant($"{string.Join(", ", Allowed.Take(Allowed.Count - 1))} or {Allowed[^1]}");

    private string HelpOf(string text)
    {
        if (Known is null)
            return text;
        string words = string.Join(", ", Known.Names);
        return text.Contains("{0}", StringComparison.Ordinal)
            ? text.Replace("{0}", words, StringComparison.Ordinal)
            : $"{text}: {words}";
    }

    private static double NumberOf(object value) =>
        value is TimeSpan time ? time.TotalSeconds : Convert.ToDouble(value, CultureInfo.InvariantCulture);

    /// <summary>What <c>with { }</c> calls.</summary>
    private static T Copy<T>(T record)
        where T : class => (T)record.GetType().GetMethod("<Clone>$")!.Invoke(record, null)!;

    private static string Kebab(string name) =>
        string.Concat(
            name.Select(
                (letter, i) =>
                {
                    string dash = i > 0 && char.IsUpper(letter) ? "-" : "";
                    return dash + char.ToLowerInvariant(letter);
                }
            )
        );

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    [GeneratedRegex(@"\{([a-z0-9-]+)\}")]
    private static partial Regex Braced();
}

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

    /// <summary>Whether a text is a whole number, of any size.</summary>
    /// <param name="text">The text.</param>
    public static bool IsWhole(string? text) =>
        BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    /// <summary>What is wrong with a text that is no number, or none of its kind.</summary>
    /// <param name="text">The text.</param>
    /// <param name="shown">What the reader knows the number as, such as <c>--learning-rate</c>.</param>
    /// <param name="isWhole">Whether a whole number is wanted.</param>
    public static string ProblemOf(string text, string shown, bool isWhole)
    {
        if (isWhole && IsWhole(text))
        {
            string limit = text.StartsWith('-') ? $"at least {int.MinValue}" : $"at most {int.MaxValue}";
            return $"{shown} must be {limit}, not {text}.";
        }

        string wanted = isWhole ? "a whole number such as 12" : "a number such as 0.002";
        string hint = isWhole ? ", without commas" : ", with a point and no commas";
        bool hasComma = text?.Contains(',', StringComparison.Ordinal) is true;
        return $"{shown} must be {wanted}{(hasComma ? hint : "")}, not '{text}'.";
    }
}
