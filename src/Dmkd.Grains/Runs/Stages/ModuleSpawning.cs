using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using Dmkd.Core.Training;
using Dmkd.Data.Seeds;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs.Rounds;
using Dmkd.Hosting.Placement;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>First weights of a module that nobody preserved, and what nodes spent on finding its parent.</summary>
internal sealed record SpawnedModule(string Architecture, byte[] Content, ModuleLineage Lineage)
{
    public double DeviceSeconds { get; init; }

    public long Bytes { get; init; }
}

/// <summary>Spawns the task's module: random weights, or somebody's features under a new head.</summary>
internal sealed class ModuleSpawning(RunScope run)
{
    private TrainingRunState State => run.State;

    private RunSettings Settings => run.Settings;

    private int OutputCount => RunRules.ExpertOutputs(Settings, run.Data.Tasks.ClassesOf(State.Task).Count);

    public Task<SpawnedModule> SpawnAsync(FirstWeights source, CancellationToken cancellationToken) =>
        source switch
        {
            FirstWeights.Random => DrawAsync(),
            FirstWeights.LegacyFeatures => FromLegacyAsync(cancellationToken),
            FirstWeights.Similar => FromMostSimilarAsync(cancellationToken),
            _ => FromPreviousAsync(cancellationToken),
        };

    private async Task<SpawnedModule> DrawAsync()
    {
        var architecture = RunRules.Networks(Settings, run.Data.Dataset.Train).Expert(OutputCount);
        byte[] content = await run.Services.Spawner.RandomAsync(
            architecture,
            FirstWeightsRules.DrawSeed(Settings, State.Task)
        );
        var lineage = new ModuleLineage { Origin = ModuleOrigin.Random, RunId = run.RunId };
        return new SpawnedModule(architecture.ToString()!, content, lineage);
    }

    private Task<SpawnedModule> FromLegacyAsync(CancellationToken cancellationToken)
    {
        var features = State.LegacyFeatures!;
        var lineage = new ModuleLineage
        {
            Origin = ModuleOrigin.Spawned,
            RunId = run.RunId,
            LegacyDigest = State.Legacy!.Digest,
        };
        return InheritAsync(features.Architecture, features.Digest, lineage, cancellationToken);
    }

    private async Task<SpawnedModule> FromPreviousAsync(CancellationToken cancellationToken)
    {
        var parent =
            await run.Grains.GetGrain<IExpertModuleGrain>(State.Module!.Key).GetSnapshotAsync(cancellationToken)
            ?? throw new InvalidOperationException(
                $"Module {State.Module.Key}, the parent of task {State.Task + 1}'s module, does not exist."
            );
        return await FromModuleAsync(parent, cancellationToken);
    }

    /// <summary>
    /// The earlier expert with the highest mean evidence in the nodes' data of the new task; of equals the newest. No
    /// data leaves a node.
    /// </summary>
    private async Task<SpawnedModule> FromMostSimilarAsync(CancellationToken cancellationToken)
    {
        var measuring = new NodeMeasuring(run);
        ModuleSnapshot? best = null;
        double most = double.NegativeInfinity,
            seconds = 0;
        long bytes = 0;
        for (int task = 0; task < State.Task; task++)
        {
            var expert =
                await run.ModuleOf(RunRules.ModuleName(task)).GetSnapshotAsync(cancellationToken)
                ?? throw new InvalidOperationException(
                    $"Module {ModuleDescriptor.KeyOf(run.RunId, RunRules.ModuleName(task))} does not exist."
                );
            var reports = await measuring.EntropyAsync(expert.Descriptor, expert.Current);
            seconds += reports.Sum(report => report.DeviceSeconds);
            bytes += reports.Sum(report => report.DownloadedBytes);
            double mean = reports.Sum(report => report.EvidenceSum) / reports.Sum(report => report.SampleCount);
            if (mean < most || double.IsNaN(mean))
                continue;
            best = expert;
            most = mean;
        }

        return await FromModuleAsync(best!, cancellationToken) with
        {
            DeviceSeconds = seconds,
            Bytes = bytes,
        };
    }

    private Task<SpawnedModule> FromModuleAsync(ModuleSnapshot parent, CancellationToken cancellationToken)
    {
        var lineage = new ModuleLineage
        {
            Origin = ModuleOrigin.Spawned,
            RunId = run.RunId,
            Parent = parent.Descriptor.Name,
            ParentDigest = parent.Current.Digest,
        };
        return InheritAsync(parent.Descriptor.Architecture, parent.Current.Digest, lineage, cancellationToken);
    }

    private async Task<SpawnedModule> InheritAsync(
        string architecture,
        string digest,
        ModuleLineage lineage,
        CancellationToken cancellationToken
    )
    {
        var parent = ArchitectureCatalog.Parse(architecture);
        var child = parent.Resize(space => space.Width, OutputCount);
        byte[] inherited = await run.Services.Weights.GetAsync(digest, cancellationToken);
        byte[] content = await run.Services.Spawner.FromParentAsync(
            child,
            inherited,
            FirstWeightsRules.HeadSeed(Settings, State.Task)
        );
        return new SpawnedModule(child.ToString()!, content, lineage);
    }
}

/// <summary>First weights of a new module: synchronous tensor work, run on a device lane.</summary>
internal static class SpawnWork
{
    /// <summary>Weights drawn at random.</summary>
    public static byte[] Random(NetworkArchitecture architecture, ulong seed)
    {
        using var weights = WeightTransfer.RandomWeights(architecture, seed);
        return WeightCodec.Encode(weights);
    }

    /// <summary>
    /// The parent's features under a new, random head: what was learned before helps, and the parent stays as it is.
    /// </summary>
    /// <param name="architecture">The parent's architecture with the new module's outputs.</param>
    /// <param name="parent">The parent's weights, as safetensors.</param>
    /// <param name="seed">Seed of the head.</param>
    public static byte[] FromParent(NetworkArchitecture architecture, byte[] parent, ulong seed)
    {
        using var inherited = WeightCodec.Decode(parent);
        using var random = WeightTransfer.RandomWeights(architecture, seed);
        var head = architecture
            .Weights.Where(axes => axes.Rows.Space == UnitSpace.Output)
            .Select(axes => axes.Name)
            .ToHashSet(StringComparer.Ordinal);
        using var weights = random.Map((name, fresh) => (head.Contains(name) ? fresh : inherited[name]).clone());
        return WeightCodec.Encode(weights);
    }
}

/// <summary>Makes the first weights of new modules. Equal input gives equal bytes.</summary>
internal interface IModuleSpawner
{
    /// <summary>Weights drawn at random, as safetensors.</summary>
    Task<byte[]> RandomAsync(NetworkArchitecture architecture, ulong seed);

    /// <summary>The parent's features under a new, random head, as safetensors.</summary>
    /// <param name="architecture">The parent's architecture with the new module's outputs.</param>
    /// <param name="parent">The parent's weights, as safetensors.</param>
    /// <param name="seed">Seed of the head.</param>
    Task<byte[]> FromParentAsync(NetworkArchitecture architecture, byte[] parent, ulong seed);
}

/// <summary>First weights made on the silo's serving lanes.</summary>
internal sealed class DeviceModuleSpawner(SiloDevices devices) : IModuleSpawner
{
    public Task<byte[]> RandomAsync(NetworkArchitecture architecture, ulong seed) =>
        devices.Serving.RunAsync(_ => SpawnWork.Random(architecture, seed));

    public Task<byte[]> FromParentAsync(NetworkArchitecture architecture, byte[] parent, ulong seed) =>
        devices.Serving.RunAsync(_ => SpawnWork.FromParent(architecture, parent, seed));
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
