using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Core.Training;
using Dmkd.Data.Seeds;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Preservation;
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

/// <summary>Where the first weights of a task's module come from.</summary>
internal enum FirstWeights
{
    /// <summary>The module of another run, at the version it ended with.</summary>
    OfAnotherRun,

    /// <summary>The expert that was preserved for the task's classes.</summary>
    Preserved,

    /// <summary>A draw.</summary>
    Random,

    /// <summary>The legacy model's features, cut to an expert's widths.</summary>
    LegacyFeatures,

    /// <summary>The features of the expert before.</summary>
    Previous,

    /// <summary>The features of the most similar earlier expert.</summary>
    Similar,
}

/// <summary>What a task's module starts from, as a function of the run's state.</summary>
internal static class FirstWeightsRules
{
    /// <summary>Where the first weights of the current task's module come from.</summary>
    public static FirstWeights SourceOf(TrainingRunState state)
    {
        var settings = state.Settings!;
        if (settings.ExpertsOf is not null)
            return FirstWeights.OfAnotherRun;
        if (AssignStage.PreservedOf(state) is not null)
            return FirstWeights.Preserved;
        if (settings.Training.StartFrom == StartingPoints.Legacy)
            return FirstWeights.LegacyFeatures;
        if (settings.Training.StartFrom == StartingPoints.Random || state.Module is null)
            return FirstWeights.Random;
        return settings.Training.StartFrom == StartingPoints.Similar ? FirstWeights.Similar : FirstWeights.Previous;
    }

    /// <summary>
    /// Seed of drawn weights: of the first task's module those common to all nodes (proposal 3.2.3), of others a draw
    /// of their own.
    /// </summary>
    public static ulong DrawSeed(RunSettings settings, int task) =>
        task == 0
            ? LegacyWork.RandomWeightsSeed(settings)
            : (ulong)SeedSequence.Derive(settings.Seed, SeedPurpose.FirstWeights, task);

    /// <summary>Seed of a new head on inherited features.</summary>
    public static ulong HeadSeed(RunSettings settings, int task) =>
        (ulong)SeedSequence.Derive(settings.Seed, SeedPurpose.NewHead, task);
}
