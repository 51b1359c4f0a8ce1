using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;

namespace Dmkd.Grains.Runs;

/// <summary>Experts of a run that learned with the same settings are taken over instead of learned again; what they cost is counted all the same.</summary>
internal sealed partial class TrainingRunGrain
{
    private ITrainingRunGrain RunOf(string runId) => GrainFactory.GetGrain<ITrainingRunGrain>(runId);

    /// <summary>Refuses experts of a run that is not finished or learned otherwise.</summary>
    private async Task RequireExpertsAsync(string source, RunSettings settings)
    {
        if (await RunOf(source).GetReportAsync() is not { } report)
            throw new ArgumentException($"ExpertsOf: run {source} is not finished, or does not exist; take experts of a finished run.", nameof(settings));
        if (!report.Settings.LearnsAs(settings))
            throw new ArgumentException($"ExpertsOf: run {source} learned with other settings; only the routing may differ.", nameof(settings));
        if (report.Learning.Length != settings.Tasks)
            throw new ArgumentException($"ExpertsOf: run {source} was made by an earlier program, which did not note what experts cost; learn them again.", nameof(settings));
    }

    /// <summary>The task's expert is the other run's, at the version it ended with; a repeat changes nothing.</summary>
    private async Task TakeOverAsync(string source)
    {
        string key = ModuleDescriptor.KeyOf(source, RunRules.ModuleName(State.Task));
        var expert = await GrainFactory.GetGrain<IExpertModuleGrain>(key).GetSnapshotAsync() ?? throw new InvalidOperationException($"Module {key}, whose weights this run takes over, does not exist.");
        var descriptor = expert.Descriptor with { Library = RunId };
        var first = RunRules.FirstVersion(expert.Current.Digest, expert.Current.Bytes, time.GetUtcNow());
        await GrainFactory.GetGrain<IExpertModuleGrain>(descriptor.Key).CreateAsync(descriptor, first);
        Hold(descriptor, first, $"learned by {source}");
        await MoveToAsync(RunPhase.Specialize);
    }

    /// <summary>Notes what the task's expert cost: here, or where it was learned.</summary>
    private async Task CountLearningAsync(EntropyReport[] reports)
    {
        if (Settings.ExpertsOf is { } source)
        {
            var cost = (await RunOf(source).GetReportAsync())!.Learning[State.Task];
            RunRules.Count(State, cost);
            State.Learning = [.. State.Learning.Take(State.Task), cost];
            return;
        }

        State.DeviceSeconds += reports.Sum(report => report.DeviceSeconds);
        State.BytesDown += reports.Sum(report => report.DownloadedBytes);
        State.Learning = [.. State.Learning.Take(State.Task), RunRules.Counted(State).Since(State.BeforeTask)];
    }
}
