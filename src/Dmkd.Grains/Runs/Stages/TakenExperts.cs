using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>
/// Experts of a run that learned with the same settings are taken over instead of learned again; what they cost is
/// counted all the same.
/// </summary>
internal sealed class TakenExperts(IGrainFactory grains)
{
    /// <summary>Refuses experts of a run that is not finished or learned otherwise.</summary>
    /// <exception cref="ArgumentException">Says what is wrong with that run.</exception>
    public async Task RequireAsync(string source, RunSettings settings)
    {
        if (await RunOf(source).GetReportAsync() is not { } report)
            throw new ArgumentException(
                $"ExpertsOf: run {source} is not finished, or does not exist; take experts of a finished run.",
                nameof(settings)
            );
        if (!report.Settings.LearnsAs(settings))
            throw new ArgumentException(
                $"ExpertsOf: run {source} learned with other settings; only the routing may differ.",
                nameof(settings)
            );
        if (report.Learning.Length != settings.Tasks)
            throw new ArgumentException(
                $"ExpertsOf: run {source} was made by an earlier program, which did not note what experts "
                    + $"cost; learn them again.",
                nameof(settings)
            );
    }

    /// <summary>
    /// Makes the other run's expert, at the version it ended with, one of this run; a repeat changes nothing.
    /// </summary>
    /// <param name="source">The other run.</param>
    /// <param name="task">Whose expert.</param>
    /// <param name="library">This run's library.</param>
    /// <param name="now">What time it is.</param>
    public async Task<(ModuleDescriptor Descriptor, ModuleVersion First)> TakeAsync(
        string source,
        int task,
        string library,
        DateTimeOffset now
    )
    {
        string key = ModuleDescriptor.KeyOf(source, RunRules.ModuleName(task));
        var expert =
            await grains.GetGrain<IExpertModuleGrain>(key).GetSnapshotAsync()
            ?? throw new InvalidOperationException($"Module {key}, whose weights this run takes over, does not exist.");
        var descriptor = expert.Descriptor with { Library = library };
        var first = RunRules.FirstVersion(expert.Current.Digest, expert.Current.Bytes, now);
        await grains.GetGrain<IExpertModuleGrain>(descriptor.Key).CreateAsync(descriptor, first);
        return (descriptor, first);
    }

    /// <summary>What a task's expert cost where it was learned.</summary>
    public async Task<LearningCost> CostOfAsync(string source, int task) =>
        (await RunOf(source).GetReportAsync())!.Learning[task];

    private ITrainingRunGrain RunOf(string runId) => grains.GetGrain<ITrainingRunGrain>(runId);
}
