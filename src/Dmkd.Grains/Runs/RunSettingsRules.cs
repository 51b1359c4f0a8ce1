using System.ComponentModel.DataAnnotations;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Preservation;
using Dmkd.Core.Routing;
using Dmkd.Serving;

namespace Dmkd.Grains.Runs;

/// <summary>What a run's settings may be.</summary>
internal static class RunSettingsRules
{
    /// <summary>Whether two settings decide the same run.</summary>
    public static bool Same(RunSettings one, RunSettings other) => one with { Widths = other.Widths } == other && one.Widths.SequenceEqual(other.Widths);

    /// <summary>Refuses settings that cannot be run.</summary>
    /// <exception cref="ArgumentException">Names the setting, its limit and the value.</exception>
    public static void Check(RunSettings settings)
    {
        var problems = new List<ValidationResult>();
        Validator.TryValidateObject(settings, new ValidationContext(settings), problems, validateAllProperties: true);
        if (settings.LegacyTasks > settings.Tasks) problems.Add(new ValidationResult($"LegacyTasks must be at most Tasks ({settings.Tasks}), not {settings.LegacyTasks}."));
        if (RuleProblem(settings.MergeRule) is { } ruleProblem) problems.Add(new ValidationResult(ruleProblem));
        if (!CompressorNames.All.Contains(settings.Compressor)) problems.Add(new ValidationResult($"Compressor must be one of {string.Join(", ", CompressorNames.All)}, not '{settings.Compressor}'."));
        if (!DeviceNames.All.Contains(settings.Device)) problems.Add(new ValidationResult($"Device must be one of {string.Join(", ", DeviceNames.All)}, not '{settings.Device}'."));
        if (settings.Holders > settings.Nodes) problems.Add(new ValidationResult($"Holders must be at most Nodes ({settings.Nodes}), not {settings.Holders}."));
        if (settings.RoundDeadline <= TimeSpan.Zero) problems.Add(new ValidationResult($"RoundDeadline must be above zero, not {settings.RoundDeadline}."));
        if (settings.ShortestWait <= TimeSpan.Zero || settings.ShortestWait > settings.RoundDeadline)
            problems.Add(new ValidationResult($"ShortestWait must be above zero and at most RoundDeadline ({settings.RoundDeadline}), not {settings.ShortestWait}."));
        if (NetworksProblem(settings) is { } networksProblem) problems.Add(new ValidationResult(networksProblem));
        problems.AddRange(RoutingProblems(settings).Select(problem => new ValidationResult(problem)));
        if (problems.Count > 0) throw new ArgumentException(string.Join(" ", problems.Select(problem => problem.ErrorMessage)), nameof(settings));
    }

    private static IEnumerable<string> RoutingProblems(RunSettings settings)
    {
        var routing = settings.Routing;
        if (!GateCatalog.NamesForRuns.Contains(routing.Gate)) yield return $"Gate must be one of {string.Join(", ", GateCatalog.NamesForRuns)}, not '{routing.Gate}'.";
        if (!EvidenceScores.Names.Contains(routing.Score)) yield return $"Score must be one of {string.Join(", ", EvidenceScores.Names)}, not '{routing.Score}'.";
        if (LibraryRules.ViewsProblem(routing.Views) is { } problem) yield return problem;
        string? mismatch = GateCatalog.ProblemOf(routing.Gate, settings.Calibration);
        if (mismatch is not null) yield return mismatch;
        if (settings.Exemplars == 0 && mismatch is null && GateCatalog.NamesForRuns.Contains(routing.Gate))
        {
            var options = new GateOptions(routing.Gate, settings.Calibration);
            string what = settings.Calibration == CalibrationNames.None ? $"The gate '{routing.Gate}'" : $"Calibration '{settings.Calibration}'";
            bool needsExemplars = GateCatalog.Create(options).Needs.HasFlag(GateNeeds.Exemplars);
            if (needsExemplars) yield return $"{what} is fitted to exemplars: Exemplars must be above 0.";
        }

        if (!StartNames.All.Contains(settings.StartFrom)) yield return $"StartFrom must be one of {string.Join(", ", StartNames.All)}, not '{settings.StartFrom}'.";
        if (settings.StartFrom == StartNames.Legacy && settings.LegacyTasks == 0) yield return $"StartFrom '{StartNames.Legacy}' needs a legacy model: LegacyTasks must be above 0.";
    }

    private static string? NetworksProblem(RunSettings settings)
    {
        try
        {
            if (settings.Architecture is { } named) _ = NetworkFamily.Read(named, settings.Data.ImageSize);
            return null;
        }
        catch (ArgumentException e)
        {
            return $"Architecture: {e.Message}";
        }
    }

    private static string? RuleProblem(string name)
    {
        try
        {
            _ = MergeRuleCatalog.Named(name);
            return null;
        }
        catch (ArgumentException e)
        {
            return $"MergeRule: {e.Message}";
        }
    }
}
