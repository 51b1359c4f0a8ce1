using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Text;
using Dmkd.Core;

namespace Dmkd.Silo.Settings;

/// <summary>
/// The command line, before the host reads settings out of it: the host would pass over a word that it does not know,
/// and start.
/// </summary>
internal static class SiloArguments
{
    private const string Prefix = SiloOptions.Section + ":";

    private static readonly string[] HelpWords = ["--help", "-h", "-?", "/?"];

    // What the host itself knows, besides the silo's own.
    private static readonly string[] HostSections = ["Logging:", "Kestrel:", "Orleans:"];
    private static readonly string[] HostKeys = ["environment", "contentRoot", "applicationName", "urls"];

    private static IEnumerable<PropertyInfo> Settings => typeof(SiloOptions).GetProperties();

    /// <summary>What the arguments ask to be printed instead of a start; null for a start.</summary>
    public static string? TextFor(string[] args)
    {
        if (args.Any(HelpWords.Contains))
            return Help();
        return args.Contains("--version") ? Version() : null;
    }

    /// <summary>Refuses words that are no settings.</summary>
    /// <exception cref="SiloSettingsException">Names the first, and what it may stand for.</exception>
    public static void Require(string[] args)
    {
        for (int i = 0; i < args.Length; i++)
        {
            string word = args[i].TrimStart('-', '/');
            string key = word.Split('=', 2)[0];
            bool hasDashes = word.Length < args[i].Length;
            bool hasValue = word.Contains('=', StringComparison.Ordinal);
            if (!IsKnown(key) || !(hasDashes || hasValue))
                throw new SiloSettingsException(
                    $"Unrecognized argument '{OneLine.Of(args[i])}'.{HintFor(key)} See --help."
                );
            if (hasValue)
                continue;
            i++; // the value is the next word
            if (i == args.Length || args[i].StartsWith("--", StringComparison.Ordinal))
                throw new SiloSettingsException($"{args[i - 1]} has no value: write {args[i - 1]}=VALUE.");
        }
    }

    private static bool IsKnown(string key) =>
        key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) // looked at with those of files and environment
        || HostKeys.Any(known => IsSame(known, key))
        || HostSections.Any(section => key.StartsWith(section, StringComparison.OrdinalIgnoreCase));

    /// <summary>The setting that a word may stand for, as a sentence; nothing when none is near.</summary>
    public static string HintFor(string key)
    {
        string bare = key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? key[Prefix.Length..] : key;
        string? nearest = NearNames.Of(bare, Settings.Select(setting => setting.Name));
        return nearest is null ? "" : $" Did you mean --{Prefix}{nearest}?";
    }

    private static bool IsSame(string known, string key) => known.Equals(key, StringComparison.OrdinalIgnoreCase);

    private static string Version() =>
        typeof(SiloOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    private static string Help()
    {
        var text = new StringBuilder(
            """
            dmkd-silo: a silo of a DMKD cluster, or one of its own over a folder.

            Usage:
              dmkd-silo --Dmkd:SETTING=VALUE ...

            Settings come from appsettings.json beside the program, then the environment (Dmkd__SETTING=VALUE), then the
            command line; the later wins. --Logging:LogLevel:Default=Warning and the like are .NET's own.

            """
        );
        var defaults = new SiloOptions();
        foreach (var setting in Settings)
        {
            string value = Convert.ToString(setting.GetValue(defaults), CultureInfo.InvariantCulture) ?? "";
            string shown = value.Length == 0 ? "" : $" [default: {value}]";
            string about = setting.GetCustomAttribute<DescriptionAttribute>()!.Description;
            text.Append(CultureInfo.InvariantCulture, $"\n  --{Prefix}{setting.Name}\n      {about}{shown}");
        }

        text.Append("\n\n  --help, --version\n      Print this, or the version, and end.");
        return text.ToString();
    }
}
