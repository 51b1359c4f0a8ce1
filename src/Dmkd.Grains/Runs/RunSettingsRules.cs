using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Core.Merging.Rules;
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
        string? problem = routing ?? NetworksProblem(settings) ?? MergingProblem(settings) ?? ExpertsProblem(settings);
        return problem is null ? [] : [Setting.Shown(problem, prefix)];
    }

    /// <summary>Nodes whose updates a full round merges.</summary>
    public static int NodesOfRound(RunSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var participation = settings.Participation;
        int holders = participation.Holders == 0 ? participation.Nodes : participation.Holders;
        return (int)Math.Ceiling(participation.Share * holders);
    }

    /// <summary>What a person should know who counts on the merge rule to withstand bad nodes; null for nothing.</summary>
    public static string? MergingHint(RunSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        int nodes = NodesOfRound(settings);
        if (IMergeRule.Known.Find(settings.Merging.MergeRule) is not NearestNeighbourMixingRule rule)
            return null;
        if (nodes < 2 || rule.FaultyOf(nodes) > 0 || rule.LeastNodes is not { } least)
            return null;
        return $"merge rule {rule.Name} withstands no bad node among {nodes}; from {least} nodes on it withstands one";
    }

    /// <summary>Refuses settings that cannot be run.</summary>
    /// <exception cref="ArgumentException">Names the setting, its limit and the value.</exception>
    internal static void Check(RunSettings settings)
    {
        var problems = ProblemsOf(settings);
        if (problems.Count > 0)
            throw new ArgumentException(string.Join(" ", problems), nameof(settings));
    }

    private static string? MergingProblem(RunSettings settings)
    {
        if (IMergeRule.Known.Find(settings.Merging.MergeRule) is not KrumRule { FaultyNodes: { } faulty })
            return null;
        int nodes = NodesOfRound(settings),
            least = KrumRule.LeastNodesFor(faulty);
        return nodes >= least
            ? null
            : $"{{merge-rule}} krum-{faulty} needs at least {least} nodes in a round, 2 * {faulty} + 3; there are {nodes}.";
    }

    private static string? ExpertsProblem(RunSettings settings) =>
        settings.Routing.TopExperts > settings.Tasks
            ? $"{{top}} must be at most the number of experts, one for each of {settings.Tasks} {{tasks}}, not "
                + $"{settings.Routing.TopExperts}."
            : null;

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
            return $"{{architecture}}: {RefusalText.Of(e)}";
        }
    }
}
