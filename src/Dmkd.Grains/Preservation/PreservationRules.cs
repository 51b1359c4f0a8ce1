using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Settings;
using Dmkd.Data.Images;
using Dmkd.Data.Seeds;

namespace Dmkd.Grains.Preservation;

/// <summary>Decisions of a preservation, as functions of what was asked for.</summary>
public static class PreservationRules
{
    /// <summary>The settings of <c>preserve</c>.</summary>
    public static SettingsBinder<PreservationSettings> Binder { get; } =
        new(
            new PreservationSettings
            {
                Data = new DataSource { Kind = null!, Seed = 1 }, // no default: drawn pictures suit no one's model
                Architecture = "",
            },
            DatasetSpec.Readers
        );

    /// <summary>An expert of one class always gives it: nothing could be learnt or be wrong.</summary>
    private const int MinClasses = 2;

    /// <summary>A gate network may be this narrow.</summary>
    private const double GateMinWidth = 0.1;

    /// <summary>Seed of W_rand, common to all nodes (proposal 3.2.3).</summary>
    public static ulong RandomWeightsSeed(PreservationSettings settings) =>
        (ulong)SeedSequence.Derive(settings.Seed, SeedPurpose.PreservedRandomWeights);

    /// <summary>Seed of the partition and of grouping classes.</summary>
    public static int PartitionSeed(PreservationSettings settings) =>
        SeedSequence.Derive(settings.Seed, SeedPurpose.PreservedPartition);

    /// <summary>Seed of a module's batches.</summary>
    public static int DistillationSeed(PreservationSettings settings, int module) =>
        SeedSequence.Derive(settings.Seed, SeedPurpose.PreservedDistillation, module);

    /// <summary>Seed of a surrogate's batches.</summary>
    public static int SurrogateSeed(PreservationSettings settings) =>
        SeedSequence.Derive(settings.Seed, SeedPurpose.Surrogate);

    /// <summary>Seed of choosing calibration images.</summary>
    public static int CalibrationSeed(PreservationSettings settings) =>
        SeedSequence.Derive(settings.Seed, SeedPurpose.PreservedCalibration);

    /// <summary>Whether a gate network is made: one expert needs none.</summary>
    public static bool HasGate(PreservationSettings settings) => settings is { GateSize: > 0, Experts: > 1 };

    /// <summary>Name of a module: expert-1 to expert-K, and gate.</summary>
    public static string ModuleName(ModuleRole role, int index) =>
        role is ModuleRole.Gate ? "gate" : $"expert-{index + 1}";

    /// <summary>How wide a gate network is.</summary>
    public static UnitSelectionOptions GateWidths(PreservationSettings settings) =>
        new() { MinWidthFraction = GateMinWidth, MultiplyAddsShare = settings.GateSize };

    /// <summary>How the legacy model is divided.</summary>
    /// <param name="settings">What was asked for.</param>
    /// <param name="classGroups">Classes of each expert; null to let the partition say.</param>
    public static PlanOptions PlanOptions(PreservationSettings settings, IReadOnlyList<int[]>? classGroups) =>
        new()
        {
            ExpertCount = settings.Experts,
            ClassGroups = classGroups,
            Strategy = PreservationWays.Partitions.Find(settings.Partition),
            Widths = new UnitSelectionOptions
            {
                MinWidthFraction = settings.MinimumWidth,
                MultiplyAddsShare = settings.ExpertSize > 0 ? settings.ExpertSize : null,
            },
            Seed = PartitionSeed(settings),
        };

    /// <summary>Refuses settings that cannot be followed, before anything is stored.</summary>
    /// <exception cref="ArgumentException">Names the setting, its limit and the value.</exception>
    public static void Check(PreservationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (Binder.ProblemsOf(settings) is [var problem, ..])
            throw new ArgumentException(problem, nameof(settings));
        var architecture = ArchitectureCatalog.Parse(settings.Architecture);
        if (settings.Experts > architecture.OutputCount)
            throw new ArgumentException(
                $"There may be at most one expert for each of the {architecture.OutputCount} classes, not {settings.Experts}.",
                nameof(settings)
            );
        if (settings.ClassGroups is { } groups)
            CheckGroups(groups, settings.Experts, architecture.OutputCount);
        if (settings.Experts > 1 && settings.Experts > architecture.OutputCount / MinClasses)
            throw new ArgumentException(
                $"Every expert needs at least {MinClasses} classes to tell apart; {architecture.OutputCount} classes are "
                    + $"for at most {Math.Max(1, architecture.OutputCount / MinClasses)} experts, not {settings.Experts}.",
                nameof(settings)
            );
        CheckSizes(settings, architecture);
    }

    /// <summary>Refuses images that do not suit the legacy model.</summary>
    /// <exception cref="DatasetException">Says what does not fit.</exception>
    public static void Check(PreservationSettings settings, ImageDataset dataset)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(dataset);
        var architecture = ArchitectureCatalog.Parse(settings.Architecture);
        if (dataset.ClassNames.Count != architecture.OutputCount)
            throw new DatasetException(
                $"The data set has {dataset.ClassNames.Count} classes; the legacy model has "
                    + $"{architecture.OutputCount} outputs. They must be as many, in the same order."
            );
        if (dataset.Train.InputShape != architecture.InputShape)
            throw new DatasetException(
                $"The images are {dataset.Train.InputShape}; the legacy model takes {architecture.InputShape}."
            );
        int[] counts = new int[architecture.OutputCount];
        foreach (int label in dataset.Train.Labels)
            counts[label]++;
        int few = Array.FindIndex(counts, count => count < 2);
        if (few >= 0)
            throw new DatasetException(
                $"Class {dataset.ClassNames[few]} has {counts[few]} training images; preservation needs at "
                    + $"least 2 of every class."
            );
    }

    /// <summary>Stage in which a preservation goes on after a failure.</summary>
    internal static PreservationStage ResumesIn(PreservationStage failedIn) =>
        failedIn is PreservationStage.Idle or PreservationStage.Failed or PreservationStage.Completed
            ? PreservationStage.Cut
            : failedIn;

    /// <summary>What the directory of runs is told about a stage.</summary>
    internal static RunPhase PhaseOf(PreservationStage stage) =>
        stage switch
        {
            PreservationStage.Completed => RunPhase.Completed,
            PreservationStage.Failed => RunPhase.Failed,
            _ => RunPhase.Preserve,
        };

    private static void CheckGroups(int[][] groups, int experts, int outputs)
    {
        if (groups.Length != experts)
            throw new ArgumentException(
                $"There are {experts} experts and {groups.Length} groups of classes; they must be as many.",
                nameof(groups)
            );
        if (experts > 1 && groups.FirstOrDefault(group => group.Length < MinClasses) is { } few)
            throw new ArgumentException(
                $"Every group must have at least {MinClasses} classes: an expert of one has nothing to tell apart; one "
                    + $"has {few.Length}.",
                nameof(groups)
            );
        int[] sorted = [.. groups.SelectMany(group => group).Order()];
        if (!sorted.SequenceEqual(Enumerable.Range(0, outputs)))
            throw new ArgumentException(
                $"The groups must hold each of the classes 0 to {outputs - 1} once; they hold {string.Join(", ", sorted)}.",
                nameof(groups)
            );
    }

    private static void CheckSizes(PreservationSettings settings, NetworkArchitecture architecture)
    {
        double least = MinShare(architecture, MaxClasses(settings, architecture.OutputCount), settings.MinimumWidth);
        if (settings.ExpertSize > 0 && least > settings.ExpertSize)
            throw new ArgumentException(
                $"An expert may have {settings.ExpertSize:P1} of the multiply-adds "
                    + $"({nameof(settings.ExpertSize)}), but at the least width of {settings.MinimumWidth:P0} "
                    + $"({nameof(settings.MinimumWidth)}) it has {least:P1}; allow more, or narrower layers.",
                nameof(settings)
            );
        double minGate = MinShare(architecture, architecture.OutputCount, GateMinWidth);
        if (HasGate(settings) && minGate > settings.GateSize)
            throw new ArgumentException(
                $"The gate network may have {settings.GateSize:P1} of the multiply-adds "
                    + $"({nameof(settings.GateSize)}), but at its least width of {GateMinWidth:P0} it has "
                    + $"{minGate:P1}; allow more, or 0 for no gate network.",
                nameof(settings)
            );
    }

    /// <summary>The most classes that an expert may get.</summary>
    private static int MaxClasses(PreservationSettings settings, int outputs)
    {
        if (settings.ClassGroups is { } groups)
            return groups.Max(group => group.Length);
        return PreservationWays.Groupings.Find(settings.Grouping) is GroupingStrategy.Similarity
            ? ClassGrouping.MaxGroupSize(outputs, settings.Experts)
            : (outputs + settings.Experts - 1) / settings.Experts; // to clusters, in equal shares
    }

    /// <summary>Multiply-adds of a module at a least width, as a share of the legacy model's.</summary>
    private static double MinShare(NetworkArchitecture architecture, int outputs, double minimumWidth) =>
        (double)
            UnitSelector.MinMultiplyAdds(
                architecture,
                outputs,
                new UnitSelectionOptions { MinWidthFraction = minimumWidth }
            ) / architecture.MultiplyAdds;
}
