using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Experiments.Learners;
using Dmkd.Experiments.Plans;

namespace Dmkd.Experiments.Protocol;

/// <summary>DMKD through a cluster, and the baselines on a device of this process.</summary>
/// <param name="grains">The cluster.</param>
/// <param name="device">Where baselines compute. Borrowed.</param>
/// <param name="time">Sets the pace of looking at runs.</param>
public sealed class Learners(IGrainFactory grains, DeviceWorker device, TimeProvider time) : ILearners
{
    private readonly LearnedExperts _learned = new();

    /// <summary>Names of the methods.</summary>
    public static IReadOnlyList<string> Names { get; } = [DmkdParameters.MethodName, .. BaselineCatalog.Names];

    /// <summary>Refuses a method that does not exist and parameters that it does not take; needs no cluster.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="device">Where a baseline would compute. Borrowed.</param>
    /// <exception cref="MethodParameterException">There is no such method, or it refuses a parameter.</exception>
    public static void Check(Cell cell, DeviceWorker device)
    {
        ArgumentNullException.ThrowIfNull(cell);
        if (!Names.Contains(cell.Method))
            throw new MethodParameterException(
                $"there is no method '{cell.Method}'; there are: {NearNames.Listed(cell.Method, Names)}."
                    + NearNames.Question(cell.Method, Names)
            );
        if (cell.Method == DmkdParameters.MethodName)
            _ = cell.OwnSettings;
        else
            _ = BaselineCatalog.Create(cell.Method, new MethodParameters(cell.Method, cell.Parameters), device);
    }

    /// <inheritdoc/>
    public IContinualLearner Create(Cell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        var parameters = new MethodParameters(cell.Method, cell.Parameters);
        return cell.Method == DmkdParameters.MethodName
            ? new DmkdLearner(grains.GetGrain<ITrainingRunGrain>(cell.RunId), parameters, _learned, time)
            : BaselineCatalog.Create(cell.Method, parameters, device);
    }
}

/// <summary>Makes the methods of an experiment.</summary>
public interface ILearners
{
    /// <summary>Makes the method of a cell.</summary>
    /// <exception cref="MethodParameterException">There is no such method, or it refuses a parameter.</exception>
    IContinualLearner Create(Cell cell);
}

/// <summary>
/// Runs of DMKD that this process has seen to their end: a cell that differs from one of them in its routing alone
/// takes its experts over. Earlier processes do not count: they may have been built from another commit.
/// </summary>
public sealed class LearnedExperts
{
    private readonly List<RunReport> _reports = [];

    /// <summary>
    /// Remembers a finished run. One that took experts over itself is not remembered: whose they are is.
    /// </summary>
    public void Add(RunReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.Settings.ExpertsOf is not null)
            return;
        lock (_reports)
            _reports.Add(report);
    }

    /// <summary>A run that learned with the same settings; null when there is none.</summary>
    /// <param name="settings">Settings that may differ in their routing.</param>
    public string? RunLike(RunSettings settings)
    {
        lock (_reports)
            return _reports.FirstOrDefault(report => report.Settings.LearnsAs(settings))?.RunId;
    }
}
