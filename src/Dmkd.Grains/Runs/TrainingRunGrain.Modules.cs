using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Legacy;
using Dmkd.Contracts.Runs;
using Dmkd.Core;
using Dmkd.Core.Modules;
using Dmkd.Core.Training;
using Dmkd.Data;
using Dmkd.Grains.Legacy;

namespace Dmkd.Grains.Runs;

/// <summary>Where modules come from: preserved from a legacy model, or spawned.</summary>
internal sealed partial class TrainingRunGrain
{
    /// <summary>What nodes spent on finding the most similar expert.</summary>
    private (double Seconds, long Bytes) _spent;

    private async Task PreserveAsync()
    {
        var legacy = GrainFactory.GetGrain<ILegacyModelGrain>(RunId);
        await legacy.StartAsync(new LegacyPlan { RunId = RunId, Settings = Settings });
        bool isTold = false;
        while (true)
        {
            var status = await legacy.GetStatusAsync();
            if (status.Stage is LegacyStage.Failed) throw new InvalidOperationException(status.Error);
            if (!isTold && status.Model is { } model)
            {
                _feed.Add($"legacy model: {model.Architecture}, {model.Accuracy:P1} on its {_data!.ClassesUpTo(Settings.Legacy.Tasks - 1).Length} classes");
                isTold = true;
            }

            _partOfPhase = status.Stage is LegacyStage.Training ? 0.7 * status.Progress : 0.7 + 0.3 * status.Progress;
            if (status.Stage is LegacyStage.Completed)
            {
                State.Legacy = status.Model;
                State.Preserved = status.Experts;
                State.LegacyFeatures = status.Features;
                State.DeviceSeconds += status.DeviceSeconds;
                foreach (var expert in status.Experts)
                    _feed.Add($"preserved {RunRules.ModuleName(expert.Task)}: {expert.Architecture}, cluster {expert.Cluster}, {expert.ImportanceShare:P0} of the importance");
                await MoveToAsync(RunPhase.Assign);
                return;
            }

            await PauseAsync();
        }
    }

    /// <summary>Reuses the preserved expert of the task's classes, or spawns one.</summary>
    private async Task AssignAsync()
    {
        if (State.Task > 0) State.BeforeTask = RunRules.Counted(State); // the first task's count has the legacy model in it
        if (Settings.ExpertsOf is { } source)
        {
            await TakeOverAsync(source);
            return;
        }

        _spent = default; // of an attempt before this one
        var preserved = State.Preserved.FirstOrDefault(expert => expert.Task == State.Task);
        var (descriptor, first) = preserved is not null ? Reuse(preserved) : await SpawnAsync();
        await GrainFactory.GetGrain<IExpertModuleGrain>(descriptor.Key).CreateAsync(descriptor, first);
        Hold(descriptor, first, OriginOf(descriptor.Lineage));
        RunParticipation.BeginRound(State);
        RunRounds.BeginTrace(State, RunId);
        State.DeviceSeconds += _spent.Seconds;
        State.BytesDown += _spent.Bytes;
        await MoveToAsync(RunPhase.Train);
    }

    /// <summary>Makes a module the task's.</summary>
    private void Hold(ModuleDescriptor descriptor, ModuleVersion version, string origin)
    {
        var architecture = ArchitectureCatalog.Parse(descriptor.Architecture);
        long parameters = architecture.ParameterCount;
        _feed.Add($"task {State.Task + 1}/{Settings.Tasks}: {descriptor.Name} for {string.Join(", ", descriptor.ClassNames)} ({origin}, {parameters:N0} parameters)");
        State.Module = descriptor;
        State.Base = version;
        State.Round = 0;
        State.ExpertParameters = [.. State.ExpertParameters.Take(State.Task), parameters];
        State.ExpertMultiplyAdds = [.. State.ExpertMultiplyAdds.Take(State.Task), Settings.Routing.Views * architecture.MultiplyAdds];
    }

    private (ModuleDescriptor Descriptor, ModuleVersion First) Reuse(PreservedExpert expert) => (
        Describe(expert.Architecture, new ModuleLineage
        {
            Origin = ModuleOrigin.Preserved,
            RunId = RunId,
            LegacyDigest = State.Legacy!.Digest,
            LegacyFraction = Settings.Legacy.Alpha,
            Cluster = expert.Cluster,
            ImportanceShare = expert.ImportanceShare,
        }),
        RunRules.FirstVersion(expert.Digest, expert.Bytes, time.GetUtcNow()));

    private Task<(ModuleDescriptor Descriptor, ModuleVersion First)> SpawnAsync() => Settings.Training.StartFrom switch
    {
        StartingPoints.Legacy => InheritAsync(
            State.LegacyFeatures!.Architecture, State.LegacyFeatures.Digest,
            new ModuleLineage { Origin = ModuleOrigin.Spawned, RunId = RunId, LegacyDigest = State.Legacy!.Digest }),
        StartingPoints.Random => DrawAsync(),
        _ => State.Module is null ? DrawAsync() : InheritFromModuleAsync(),
    };

    /// <summary>Random weights: of the first task's expert those common to all nodes (proposal 3.2.3), of others a draw of their own.</summary>
    private async Task<(ModuleDescriptor Descriptor, ModuleVersion First)> DrawAsync()
    {
        var images = _data!.Dataset.Train;
        var architecture = new ConvNetArchitecture(images.Channels, images.Height, Settings.Training.Widths, OutputCount);
        ulong seed = State.Task == 0 ? LegacyWork.RandomWeightsSeed(Settings) : (ulong)SeedSequence.Derive(Settings.Seed, SeedPurpose.FirstWeights, State.Task);
        return await FirstOfAsync(architecture, await spawner.RandomAsync(architecture, seed), new ModuleLineage { Origin = ModuleOrigin.Random, RunId = RunId });
    }

    /// <summary>The features of an earlier expert.</summary>
    private async Task<(ModuleDescriptor Descriptor, ModuleVersion First)> InheritFromModuleAsync()
    {
        var parent = Settings.Training.StartFrom == StartingPoints.Similar ? await MostSimilarAsync()
            : await GrainFactory.GetGrain<IExpertModuleGrain>(State.Module!.Key).GetSnapshotAsync()
                ?? throw new InvalidOperationException($"Module {State.Module.Key}, the parent of task {State.Task + 1}'s module, does not exist.");
        return await InheritAsync(parent.Descriptor.Architecture, parent.Current.Digest, new ModuleLineage
        {
            Origin = ModuleOrigin.Spawned,
            RunId = RunId,
            Parent = parent.Descriptor.Name,
            ParentDigest = parent.Current.Digest,
        });
    }

    /// <summary>The earlier expert with the highest mean evidence in the nodes' data of the new task; of equals the newest. No data leaves a node.</summary>
    private async Task<ModuleSnapshot> MostSimilarAsync()
    {
        ModuleSnapshot? best = null;
        double most = double.NegativeInfinity;
        foreach (string name in Enumerable.Range(0, State.Task).Select(RunRules.ModuleName))
        {
            string key = ModuleDescriptor.KeyOf(RunId, name);
            var expert = await GrainFactory.GetGrain<IExpertModuleGrain>(key).GetSnapshotAsync() ?? throw new InvalidOperationException($"Module {key} does not exist.");
            var reports = await MeasureAsync(expert.Descriptor, expert.Current);
            _spent = (_spent.Seconds + reports.Sum(report => report.DeviceSeconds), _spent.Bytes + reports.Sum(report => report.DownloadedBytes));
            double mean = reports.Sum(report => report.EvidenceSum) / reports.Sum(report => report.SampleCount);
            if (mean >= most) (best, most) = (expert, mean);
        }

        return best!;
    }

    private int OutputCount => RotationLabels.OutputCount(_data!.Tasks.ClassesOf(State.Task).Count, Settings.Training.UnknownOutput);

    private async Task<(ModuleDescriptor Descriptor, ModuleVersion First)> InheritAsync(string architecture, string digest, ModuleLineage lineage)
    {
        var parent = ArchitectureCatalog.Parse(architecture);
        var child = parent.Resize(parent.UnitSpaces.ToDictionary(space => space.Name, space => space.Width), OutputCount);
        ulong seed = (ulong)SeedSequence.Derive(Settings.Seed, SeedPurpose.NewHead, State.Task);
        return await FirstOfAsync(child, await spawner.FromParentAsync(child, await weights.GetAsync(digest), seed), lineage);
    }

    private async Task<(ModuleDescriptor Descriptor, ModuleVersion First)> FirstOfAsync(NetworkArchitecture architecture, byte[] content, ModuleLineage lineage) =>
        (Describe(architecture.ToString(), lineage), RunRules.FirstVersion(await weights.PutAsync(content), content.Length, time.GetUtcNow()));

    private ModuleDescriptor Describe(string architecture, ModuleLineage lineage)
    {
        int[] classes = [.. _data!.Tasks.ClassesOf(State.Task)];
        return new ModuleDescriptor
        {
            Library = RunId,
            Name = RunRules.ModuleName(State.Task),
            Architecture = architecture,
            Classes = classes,
            ClassNames = [.. classes.Select(c => _data.Dataset.ClassNames[c])],
            RotationLabelled = true,
            Lineage = lineage,
        };
    }

    private static string OriginOf(ModuleLineage lineage) => lineage.Origin switch
    {
        ModuleOrigin.Preserved => "preserved",
        ModuleOrigin.Spawned => $"spawned from {lineage.Parent ?? "the legacy model"}",
        _ => "random",
    };
}
