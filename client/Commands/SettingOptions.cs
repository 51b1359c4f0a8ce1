using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Settings;

namespace Dmkd.Client.Commands;

/// <summary>The options of an annotated record, and their way into it.</summary>
/// <param name="binder">The record's settings.</param>
/// <param name="wanted">Which of them are options; null for all.</param>
internal sealed class SettingOptions<T>(SettingsBinder<T> binder, Func<Setting, bool>? wanted = null)
    where T : class
{
    private readonly SettingOption[] _options =
    [
        .. binder.Settings.Where(setting => wanted is null || wanted(setting)).Select(SettingOption.Of),
    ];

    /// <summary>All of them, for the command's help.</summary>
    public IEnumerable<Option> All => _options.Select(option => option.Option);

    /// <summary>The option of a setting.</summary>
    public Option this[string name] => _options.First(option => option.Setting.Name == name).Option;

    /// <summary>Whether the user gave a value.</summary>
    public bool IsGiven(ParseResult parsed, string name) => parsed.GetResult(this[name]) is { Implicit: false };

    /// <summary>Puts the options that have a value into a record.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="start">The record that says the rest.</param>
    /// <exception cref="BadInputException">Names the option, its limits and the value.</exception>
    public T Read(ParseResult parsed, T start) => Read(parsed, start, _options);

    /// <summary>Puts the options that were given into a record, and no defaults.</summary>
    /// <inheritdoc cref="Read(ParseResult, T)"/>
    public T ReadGiven(ParseResult parsed, T start) =>
        Read(parsed, start, _options.Where(option => parsed.GetResult(option.Option) is { Implicit: false }));

    /// <summary>Refuses options that say something else than what was stored.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="asked">The stored record with the options that were given.</param>
    /// <param name="stored">The stored record.</param>
    /// <param name="what">What was started with it, such as <c>run 'r1'</c>.</param>
    /// <param name="except">Names of settings that may differ.</param>
    /// <exception cref="BadInputException">Names the first such option, with both values.</exception>
    public void RequireSame(ParseResult parsed, T asked, T stored, string what, params string[] except)
    {
        foreach (var option in _options)
        {
            var setting = option.Setting;
            bool isGiven = parsed.GetResult(option.Option) is { Implicit: false };
            if (!isGiven || except.Contains(setting.Name) || Equals(setting.Get(asked), setting.Get(stored)))
                continue;
            throw new BadInputException(
                $"{option.Option.Name} asks for {Shown(setting.Get(asked))}, but {what} was started with "
                    + $"{Shown(setting.Get(stored))}, which holds. Leave it out, or start anew."
            );
        }
    }

    private static string Shown(object? value) =>
        value switch
        {
            null => "none",
            TimeSpan time => FormattableString.Invariant($"{time.TotalSeconds} s"),
            _ => FormattableString.Invariant($"{value}"),
        };

    private static T Read(ParseResult parsed, T start, IEnumerable<SettingOption> options)
    {
        var settings = start;
        foreach (var option in options)
        {
            if (option.Value(parsed) is not { } value)
                continue;
            if (option.Setting.ProblemOf(value, option.Option.Name) is { } problem)
                throw new BadInputException(problem);
            settings = option.Setting.With(settings, value);
        }

        return settings;
    }
}

/// <summary>An option and what it says.</summary>
/// <param name="Setting">The setting.</param>
/// <param name="Option">Its option.</param>
/// <param name="Value">The setting's value on a command line; null when there is none.</param>
internal sealed record SettingOption(Setting Setting, Option Option, Func<ParseResult, object?> Value)
{
    /// <summary>The option of a setting.</summary>
    public static SettingOption Of(Setting setting)
    {
        if (setting.Type == typeof(bool))
            return Switch(setting);
        if (setting.Type == typeof(TimeSpan))
            return Seconds(setting);
        if (setting.Type == typeof(LayerWidths))
            return Widths(setting);
        if (setting.Type == typeof(double))
            return setting.IsNullable ? Of<double?>(setting) : Of<double>(setting);
        if (setting.Type == typeof(int))
            return setting.IsNullable ? Of<int?>(setting) : Of<int>(setting);
        return Of<string?>(setting);
    }

    private static SettingOption Of<T>(Setting setting)
    {
        var option = New<T>(setting);
        if (setting.Default is not null && !setting.HidesDefault)
            option.DefaultValueFactory = _ => (T)setting.Default;
        return new SettingOption(setting, option, parsed => parsed.GetValue(option));
    }

    private static SettingOption Switch(Setting setting)
    {
        var option = New<bool>(setting);
        if (setting.IsNegated)
            return new SettingOption(setting, option, parsed => !parsed.GetValue(option));
        if (setting.Default is true)
            option.DefaultValueFactory = _ => true;
        return new SettingOption(setting, option, parsed => parsed.GetValue(option));
    }

    private static SettingOption Seconds(Setting setting)
    {
        var option = New<double>(setting);
        option.DefaultValueFactory = _ => ((TimeSpan)setting.Default!).TotalSeconds;
        return new SettingOption(setting, option, parsed => TimeOf(parsed.GetValue(option)));
    }

    private static SettingOption Widths(Setting setting)
    {
        var option = New<string>(setting);
        option.DefaultValueFactory = _ => setting.Default!.ToString()!;
        return new SettingOption(setting, option, Parsed);

        object Parsed(ParseResult parsed)
        {
            try
            {
                return LayerWidths.Parse(parsed.GetValue(option)!);
            }
            catch (FormatException e)
            {
                throw new BadInputException($"{option.Name} {e.Message}");
            }
        }
    }

    private static Option<T> New<T>(Setting setting)
    {
        var option = new Option<T>("--" + setting.Name) { Description = setting.Help }.WithNumbers(setting);
        if (setting.Known is { } known)
            option.CompletionSources.Add([.. known.Names]);
        return option;
    }

    /// <summary>A time; what is no time stays out of the setting's limits.</summary>
    private static TimeSpan TimeOf(double seconds)
    {
        if (double.IsNaN(seconds))
            return TimeSpan.MinValue;
        double limit = TimeSpan.MaxValue.TotalSeconds / 2;
        return TimeSpan.FromSeconds(Math.Clamp(seconds, -limit, limit));
    }
}
