using System.Globalization;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Routing;
using Dmkd.Core.Settings;
using Dmkd.Data.Images;
using Dmkd.Experiments.Learners;

namespace Dmkd.Experiments.Plans;

/// <summary>
/// DMKD's parameters: the settings of <c>run</c> by their names, without those that a whole experiment shares.
/// </summary>
public static class DmkdParameters
{
    /// <summary>Name of the method.</summary>
    public const string MethodName = "dmkd";

    private static readonly string[] OfTheExperiment =
    [
        "tasks",
        "task-sizes",
        "nodes",
        "rounds",
        "epochs",
        "batch-size",
        "widths",
        "seed",
    ];
    private static readonly string[] Answers = ["yes", "no"];

    /// <summary>The settings of a run.</summary>
    public static SettingsBinder<RunSettings> Binder { get; } =
        new(
            new RunSettings
            {
                Data = new DataSource { Kind = DatasetSpec.Kinds[0], Seed = 1 },
            },
            DatasetSpec.Readers
        );

    /// <summary>The settings that are parameters.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        .. Binder.Settings.Where(setting =>
            setting.Section != nameof(RunSettings.Data) && !OfTheExperiment.Contains(setting.Name)
        ),
    ];

    /// <summary>Names of the parameters.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(setting => setting.Name)];

    /// <summary>Puts parameters into settings.</summary>
    /// <param name="settings">What all methods share.</param>
    /// <param name="given">The parameters; all must be known.</param>
    /// <exception cref="MethodParameterException">One is unknown, out of its range, or does not go with the
    /// others.</exception>
    public static RunSettings Apply(RunSettings settings, MethodParameters given)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(given);
        var applied = settings;
        foreach (var setting in All)
            if (given.Text(setting.Name) is not null)
                applied = setting.With(applied, ValueOf(setting, given));
        given.RequireAllRead();
        applied = Complete(applied, name => given.Text(name) is not null);
        if (Binder.ProblemsOf(applied) is [var problem, ..])
            throw new MethodParameterException($"{MethodName}: {problem}");
        return applied;
    }

    /// <summary>Gives settings that were not said the values that follow from those that were.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="isGiven">Whether a setting was said.</param>
    public static RunSettings Complete(RunSettings settings, Func<string, bool> isGiven)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(isGiven);
        var (fitting, participation) = (settings.Fitting, settings.Participation);
        if (!isGiven("calibration"))
            fitting = fitting with { Calibration = Calibrations.DefaultFor(settings.Routing.Gate) };
        bool isTooLong = participation.ShortestWait > participation.RoundDeadline;
        // A short longest wait asks for short waits.
        if (isTooLong && !isGiven("shortest-wait"))
            participation = participation with { ShortestWait = participation.RoundDeadline };
        return settings with
        {
            Fitting = fitting,
            Participation = participation,
            Legacy = settings.Legacy with { Tasks = Math.Min(settings.Legacy.Tasks, settings.Tasks) },
        };
    }

    /// <summary>Leaves out parameters at their default, so that saying a default does not make another cell.</summary>
    /// <param name="settings">What all methods share.</param>
    /// <param name="parameters">Texts by name.</param>
    public static IReadOnlyDictionary<string, string> WithoutDefaults(
        RunSettings settings,
        IReadOnlyDictionary<string, string> parameters
    )
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return parameters.Where(pair => !IsDefault(pair.Key)).ToDictionary();

        bool IsDefault(string name)
        {
            if (All.FirstOrDefault(setting => setting.Name == name) is not { } known)
                return false;
            try
            {
                return Equals(ValueOf(known, new MethodParameters(MethodName, parameters)), known.Get(settings));
            }
            catch (MethodParameterException)
            {
                return false; // stays, to be refused where it is used
            }
        }
    }

    private static object ValueOf(Setting setting, MethodParameters given)
    {
        object value = ReadValue(setting, given);
        if (setting.ProblemOf(value, setting.Name) is { } problem)
            throw new MethodParameterException($"{MethodName}: {problem}");
        return value;
    }

    private static object ReadValue(Setting setting, MethodParameters given)
    {
        string name = setting.Name;
        if (setting.Type == typeof(bool))
            return given.OneOf(name, "", Answers) == "yes";
        if (setting.Allowed.Count > 0)
            return int.Parse(given.OneOf(name, "", [.. setting.Allowed.Select(Text)]), CultureInfo.InvariantCulture);
        if (setting.Type == typeof(int))
            return given.Count(name, 0, (int)setting.Minimum, (int)setting.Maximum);
        if (setting.Type == typeof(double))
            return given.Number(name, 0, setting.Minimum, setting.Maximum);
        if (setting.Type == typeof(TimeSpan))
            return TimeSpan.FromSeconds(given.Number(name, 0, setting.Minimum, setting.Maximum));
        bool isWord = setting.Known is { TakesParameters: false };
        return isWord ? given.OneOf(name, "", setting.Known!.Names) : given.Text(name)!;
    }

    private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
