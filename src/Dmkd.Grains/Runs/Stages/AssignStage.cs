using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Rounds;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>
/// Gives the task its module: taken over from another run, preserved from the legacy model, or spawned.
/// </summary>
internal sealed class AssignStage(RunScope run) : IRunStage<RunPhase>
{
    public RunPhase Phase => RunPhase.Assign;

    public bool IsSkipped => false;

    private TrainingRunState State => run.State;

    private RunSettings Settings => run.Settings;

    public async Task<StageEnd<RunPhase>> RunAsync(CancellationToken cancellationToken)
    {
        if (State.Task > 0)
            State.BeforeTask = RunRules.Counted(State); // the first task's count has the legacy model in it
        var source = FirstWeightsRules.SourceOf(State);
        if (source is FirstWeights.OfAnotherRun)
        {
            var taken = await new TakenExperts(run.Grains).TakeAsync(
                Settings.ExpertsOf!,
                State.Task,
                run.RunId,
                run.Services.Time.GetUtcNow()
            );
            Hold(taken.Descriptor, taken.First, Settings.ExpertsOf);
            return StageEnd<RunPhase>.Next;
        }

        var first =
            source is FirstWeights.Preserved ? Reuse(PreservedOf(State)!) : await SpawnAsync(source, cancellationToken);
        await run
            .Grains.GetGrain<IExpertModuleGrain>(first.Descriptor.Key)
            .CreateAsync(first.Descriptor, first.First, cancellationToken);
        Hold(first.Descriptor, first.First, learnedBy: null);
        RunParticipation.BeginRound(State);
        RunRounds.BeginTrace(State, run.RunId);
        State.DeviceSeconds += first.DeviceSeconds;
        State.BytesDown += first.Bytes;
        return StageEnd<RunPhase>.Next;
    }

    /// <summary>The preserved expert of the task's classes, or null.</summary>
    internal static PreservedExpert? PreservedOf(TrainingRunState state) =>
        state.Preserved.FirstOrDefault(expert => expert.Task == state.Task);

    /// <summary>Makes a module the task's. A repeat replaces what it counted before.</summary>
    private void Hold(ModuleDescriptor descriptor, ModuleVersion version, string? learnedBy)
    {
        var architecture = ArchitectureCatalog.Parse(descriptor.Architecture);
        run.Tell(
            new ExpertAdded
            {
                Task = State.Task,
                Tasks = Settings.Tasks,
                Module = descriptor.Name,
                ClassNames = descriptor.ClassNames,
                Origin = descriptor.Lineage.Origin,
                Parent = descriptor.Lineage.Parent,
                LearnedBy = learnedBy,
                Parameters = architecture.ParameterCount,
            }
        );
        State.Module = descriptor;
        State.Base = version;
        State.Round = 0;
        State.ExpertParameters = [.. State.ExpertParameters.Take(State.Task), architecture.ParameterCount];
        State.ExpertMultiplyAdds =
        [
            .. State.ExpertMultiplyAdds.Take(State.Task),
            Settings.Routing.Views * architecture.MultiplyAdds,
        ];
    }

    private NewModule Reuse(PreservedExpert expert)
    {
        var lineage = new ModuleLineage
        {
            Origin = ModuleOrigin.Preserved,
            RunId = run.RunId,
            LegacyDigest = State.Legacy!.Digest,
            LegacyFraction = Settings.Legacy.Alpha,
            Cluster = expert.Cluster,
            ImportanceShare = expert.ImportanceShare,
        };
        var first = RunRules.FirstVersion(expert.Digest, expert.Bytes, run.Services.Time.GetUtcNow());
        return new NewModule(Describe(expert.Architecture, lineage), first);
    }

    private async Task<NewModule> SpawnAsync(FirstWeights source, CancellationToken cancellationToken)
    {
        var spawned = await new ModuleSpawning(run).SpawnAsync(source, cancellationToken);
        string digest = await run.Services.Weights.PutAsync(spawned.Content, cancellationToken);
        var first = RunRules.FirstVersion(digest, spawned.Content.Length, run.Services.Time.GetUtcNow());
        return new NewModule(Describe(spawned.Architecture, spawned.Lineage), first)
        {
            DeviceSeconds = spawned.DeviceSeconds,
            Bytes = spawned.Bytes,
        };
    }

    private ModuleDescriptor Describe(string architecture, ModuleLineage lineage)
    {
        int[] classes = [.. run.Data.Tasks.ClassesOf(State.Task)];
        return new ModuleDescriptor
        {
            Library = run.RunId,
            Name = RunRules.ModuleName(State.Task),
            Architecture = architecture,
            Classes = classes,
            ClassNames = [.. classes.Select(label => run.Data.Dataset.ClassNames[label])],
            Signature = ModalityCatalog.SignatureOf(architecture, RunData.Modality.ExpertLabels).ToString(),
            Lineage = lineage,
        };
    }

    /// <summary>A module and what nodes spent on finding its parent.</summary>
    private sealed record NewModule(ModuleDescriptor Descriptor, ModuleVersion First)
    {
        public double DeviceSeconds { get; init; }

        public long Bytes { get; init; }
    }
}

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
