using Dmkd.Contracts.Runs;
using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Running;

/// <summary>A parameter of DMKD and its way into a run's settings.</summary>
/// <param name="Name">Its name: that of the option of <c>run</c>.</param>
/// <param name="Apply">Puts it into settings; gives them back as they are when it is not given.</param>
internal sealed record DmkdParameter(string Name, Func<RunSettings, MethodParameters, RunSettings> Apply)
{
    private const double MostSeconds = 7 * 86_400;

    /// <summary>A number within the limits of a setting.</summary>
    public static DmkdParameter Number(string name, string setting, Func<RunSettings, double, RunSettings> set) => Number(name, SettingRange.Of(setting), set);

    /// <summary>A number within limits.</summary>
    public static DmkdParameter Number(string name, SettingRange range, Func<RunSettings, double, RunSettings> set) => new(
        name, (settings, given) => given.Text(name) is null ? settings : set(settings, given.Number(name, 0, range.Least, range.Most)));

    /// <summary>A count within the limits of a setting.</summary>
    public static DmkdParameter Count(string name, string setting, Func<RunSettings, int, RunSettings> set) => Count(name, SettingRange.Of(setting), set);

    /// <summary>A count within limits.</summary>
    public static DmkdParameter Count(string name, SettingRange range, Func<RunSettings, int, RunSettings> set) => new(
        name, (settings, given) => given.Text(name) is null ? settings : set(settings, given.Count(name, 0, (int)range.Least, (int)range.Most)));

    /// <summary>One of some names.</summary>
    public static DmkdParameter OneOf(string name, IReadOnlyCollection<string> names, Func<RunSettings, string, RunSettings> set) => new(
        name, (settings, given) => given.Text(name) is null ? settings : set(settings, given.OneOf(name, "", names)));

    /// <summary>Yes or no.</summary>
    public static DmkdParameter Switch(string name, Func<RunSettings, bool, RunSettings> set) =>
        OneOf(name, ["yes", "no"], (settings, answer) => set(settings, answer == "yes"));

    /// <summary>A time in seconds.</summary>
    public static DmkdParameter Seconds(string name, Func<RunSettings, TimeSpan, RunSettings> set) =>
        Number(name, new SettingRange(0.001, MostSeconds), (settings, seconds) => set(settings, TimeSpan.FromSeconds(seconds)));
}
