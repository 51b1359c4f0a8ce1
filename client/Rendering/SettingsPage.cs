using System.Globalization;
using System.Text;
using Dmkd.Core;
using Dmkd.Core.Models;
using Dmkd.Core.Settings;
using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Plans;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs;

namespace Dmkd.Client.Rendering;

/// <summary>
/// docs/reference/settings.md: every setting with its default and limits, and the words that settings may be.
/// </summary>
internal static class SettingsPage
{
    private const string Head = """
        # Settings

        Made from the program; `DMKD_REGENERATE=1` and the tests of the console write it anew. A setting is an option of its
        command. Those of a run that have a mark are parameters of `dmkd` in experiment files, too, by the same name;
        switches are `yes` or `no` there.

        """;

    /// <summary>The page.</summary>
    public static string Text()
    {
        var page = new StringBuilder(Head);
        Tables(page, "run", RunSettingsRules.Binder, DmkdParameters.Names);
        Tables(page, "preserve", PreservationRules.Binder, []);
        page.Append("\n## Words\n");
        foreach (var registry in Registries())
            Words(page, registry);
        return page.ToString();
    }

    private static void Tables<T>(
        StringBuilder page,
        string command,
        SettingsBinder<T> binder,
        IReadOnlyList<string> parameters
    )
        where T : class
    {
        foreach (var section in binder.Settings.GroupBy(setting => setting.Section))
        {
            string title = section.Key.Length == 0 ? "the whole" : section.Key.ToLowerInvariant();
            page.Append(
                CultureInfo.InvariantCulture,
                $"\n## {command}: {title}\n\n| Setting | In experiments | Default | Limits | |\n|---|---|---|---|---|\n"
            );
            foreach (var setting in section)
                page.Append(Row(setting, parameters.Contains(setting.Name)));
        }
    }

    private static string Row(Setting setting, bool isParameter) =>
        $"| `{setting.Name}` | {(isParameter ? "✓" : "")} | {DefaultOf(setting)} | {setting.Limits} | {setting.Help} |\n";

    private static string DefaultOf(Setting setting)
    {
        if (setting.Default is null or false or "" || setting.HidesDefault || setting.IsNegated)
            return "";
        object value = setting.Default is TimeSpan time ? time.TotalSeconds : setting.Default;
        return $"`{Convert.ToString(value, CultureInfo.InvariantCulture)!.ToLowerInvariant()}`";
    }

    private static void Words(StringBuilder page, Registry registry)
    {
        page.Append(CultureInfo.InvariantCulture, $"\n### {registry.Kind}\n\n");
        foreach (var entry in registry.Entries)
        {
            string example = entry.Example is null ? "" : $", or `{entry.Example}` with {entry.Parameter}";
            string summary = entry.Summary.Length == 0 ? "" : $": {entry.Summary}";
            page.Append(CultureInfo.InvariantCulture, $"- `{entry.Name}`{example}{summary}\n");
        }
    }

    private static IEnumerable<Registry> Registries()
    {
        var settings = RunSettingsRules.Binder.Settings.Concat(PreservationRules.Binder.Settings);
        return settings
            .Select(setting => setting.Known)
            .OfType<Registry>()
            .Append(ArchitectureCatalog.Usual)
            .Append(BaselineCatalog.Known)
            .Distinct();
    }
}
