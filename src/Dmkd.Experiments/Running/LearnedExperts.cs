using Dmkd.Contracts.Runs;

namespace Dmkd.Experiments.Running;

/// <summary>
/// Runs of DMKD that this process has seen to their end: a cell that differs from one of them in its routing alone takes its experts over. Earlier
/// processes do not count: they may have been built from another commit.
/// </summary>
public sealed class LearnedExperts
{
    private readonly List<RunReport> _reports = [];

    /// <summary>Remembers a finished run. One that took experts over itself is not remembered: whose they are is.</summary>
    public void Add(RunReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.Settings.ExpertsOf is not null) return;
        lock (_reports) _reports.Add(report);
    }

    /// <summary>A run that learned with the same settings; null when there is none.</summary>
    /// <param name="settings">Settings that may differ in their routing.</param>
    public string? RunLike(RunSettings settings)
    {
        lock (_reports) return _reports.FirstOrDefault(report => report.Settings.LearnsAs(settings))?.RunId;
    }
}
