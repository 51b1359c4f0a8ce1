using Dmkd.Core.Training;
using Dmkd.Contracts.Runs;
using Dmkd.Data;
using Dmkd.Grains.Legacy;

namespace Dmkd.Grains.Runs.Stages;

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
    private const int HeadPurpose = 31;
    private const int DrawPurpose = 34;

    /// <summary>Where the first weights of the current task's module come from.</summary>
    public static FirstWeights SourceOf(TrainingRunState state)
    {
        var settings = state.Settings!;
        if (settings.ExpertsOf is not null) return FirstWeights.OfAnotherRun;
        if (AssignStage.PreservedOf(state) is not null) return FirstWeights.Preserved;
        if (settings.Training.StartFrom == StartingPoints.Legacy) return FirstWeights.LegacyFeatures;
        if (settings.Training.StartFrom == StartingPoints.Random || state.Module is null) return FirstWeights.Random;
        return settings.Training.StartFrom == StartingPoints.Similar ? FirstWeights.Similar : FirstWeights.Previous;
    }

    /// <summary>Seed of drawn weights: of the first task's module those common to all nodes (proposal 3.2.3), of others a draw of their own.</summary>
    public static ulong DrawSeed(RunSettings settings, int task) =>
        task == 0 ? LegacyWork.RandomWeightsSeed(settings) : (ulong)SeedSequence.Derive(settings.Seed, DrawPurpose, task);

    /// <summary>Seed of a new head on inherited features.</summary>
    public static ulong HeadSeed(RunSettings settings, int task) => (ulong)SeedSequence.Derive(settings.Seed, HeadPurpose, task);
}
