using Dmkd.Contracts.Settings;
using Dmkd.Core.Preservation;
using Dmkd.Core.Routing;
using Dmkd.Core.Settings;
using Dmkd.Data.Images;

namespace Dmkd.Grains.Runs;

/// <summary>What a run's settings may be.</summary>
public static class RunSettingsRules
{
    /// <summary>The settings of <c>run</c>.</summary>
    public static SettingsBinder<RunSettings> Binder { get; } =
        new(
            new RunSettings
            {
                Data = new DataSource { Kind = DatasetSpec.Kinds[0], Seed = 1 },
            },
            DatasetSpec.Readers
        );

    /// <summary>What is wrong with settings.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="prefix">What readers see before a setting's name, such as two dashes.</param>
    /// <returns>Sentences that name setting, limit and value; none when nothing is wrong.</returns>
    public static IReadOnlyList<string> ProblemsOf(RunSettings settings, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(settings);
        var problems = Binder.ProblemsOf(settings, prefix);
        if (problems.Count > 0)
            return problems;
        string? routing = Calibrations.ProblemOf(
            settings.Routing.Gate,
            settings.Fitting.Calibration,
            settings.Fitting.Exemplars
        );
        string? problem = routing ?? NetworksProblem(settings);
        return problem is null ? [] : [Setting.Shown(problem, prefix)];
    }

    /// <summary>Refuses settings that cannot be run.</summary>
    /// <exception cref="ArgumentException">Names the setting, its limit and the value.</exception>
    internal static void Check(RunSettings settings)
    {
        var problems = ProblemsOf(settings);
        if (problems.Count > 0)
            throw new ArgumentException(string.Join(" ", problems), nameof(settings));
    }

    private static string? NetworksProblem(RunSettings settings)
    {
        try
        {
            if (settings.Training.Architecture is { } named)
                _ = NetworkFamily.Read(named, settings.Data.ImageSize);
            return null;
        }
        catch (ArgumentException e)
        {
            return $"{{architecture}}: {e.Message}";
        }
    }
}
