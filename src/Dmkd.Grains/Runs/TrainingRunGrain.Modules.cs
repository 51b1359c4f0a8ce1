using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Legacy;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Modules;
using Dmkd.Core.Training;
using Dmkd.Data;
using Dmkd.Grains.Legacy;

namespace Dmkd.Grains.Runs;

/// <summary>Where modules come from: preserved from a legacy model, or spawned.</summary>
internal sealed partial class TrainingRunGrain
{
    private const int HeadPurpose = 31;

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
                _feed.Add($"legacy model: {model.Architecture}, {model.Accuracy:P1} on its {_data!.ClassesUpTo(Settings.LegacyTasks - 1).Length} classes");
                isTold = true;
            }

            _partOfPhase = status.Stage is LegacyStage.Training ? 0.7 * status.Progress : 0.7 + 0.3 * status.Progress;
            if (status.Stage is LegacyStage.Completed)
            {
                State.Legacy = status.Model;
                State.Preserved = status.Experts;
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
        var preserved = State.Preserved.FirstOrDefault(expert => expert.Task == State.Task);
        var (descriptor, first) = preserved is not null ? Reuse(preserved) : await SpawnAsync();
        await GrainFactory.GetGrain<IExpertModuleGrain>(descriptor.Key).CreateAsync(descriptor, first);
        var architecture = ArchitectureCatalog.Parse(descriptor.Architecture);
        long parameters = architecture.ParameterCount;
        _feed.Add($"task {State.Task + 1}/{Settings.Tasks}: {descriptor.Name} for {string.Join(", ", descriptor.ClassNames)} ({OriginOf(descriptor.Lineage)}, {parameters:N0} parameters)");
        State.Module = descriptor;
        State.Base = first;
        State.Round = 0;
        RunRules.BeginRound(State);
        State.ExpertParameters = [.. State.ExpertParameters.Take(State.Task), parameters];
        State.ExpertMultiplyAdds = [.. State.ExpertMultiplyAdds.Take(State.Task), RotationLabels.Count * architecture.MultiplyAdds];
        await MoveToAsync(RunPhase.Train);
    }

    private (ModuleDescriptor Descriptor, ModuleVersion First) Reuse(PreservedExpert expert) => (
        Describe(expert.Architecture, new ModuleLineage
        {
            Origin = ModuleOrigin.Preserved,
            RunId = RunId,
            LegacyDigest = State.Legacy!.Digest,
            LegacyFraction = Settings.Alpha,
            Cluster = expert.Cluster,
            ImportanceShare = expert.ImportanceShare,
        }),
        RunRules.FirstVersion(expert.Digest, expert.Bytes, time.GetUtcNow()));

    private async Task<(ModuleDescriptor Descriptor, ModuleVersion First)> SpawnAsync()
    {
        int outputs = RotationLabels.Count * _data!.Tasks.ClassesOf(State.Task).Count;
        if (State.Module is not { } parent)
        {
            var images = _data.Dataset.Train;
            var architecture = new ConvNetArchitecture(images.Channels, images.Height, Settings.Widths, outputs);
            ulong common = LegacyWork.RandomWeightsSeed(Settings);
            byte[] random = await spawner.RandomAsync(architecture, common);
            return await FirstOfAsync(architecture, random, new ModuleLineage { Origin = ModuleOrigin.Random, RunId = RunId });
        }

        var snapshot = await GrainFactory.GetGrain<IExpertModuleGrain>(parent.Key).GetSnapshotAsync()
            ?? throw new InvalidOperationException($"Module {parent.Key}, the parent of task {State.Task + 1}'s module, does not exist.");
        byte[] inherited = await weights.GetAsync(snapshot.Current.Digest);
        var own = ArchitectureCatalog.Parse(parent.Architecture);
        var child = own.Resize(own.UnitSpaces.ToDictionary(space => space.Name, space => space.Width), outputs);
        ulong seed = (ulong)SeedSequence.Derive(Settings.Seed, HeadPurpose, State.Task);
        byte[] spawned = await spawner.FromParentAsync(child, inherited, seed);
        return await FirstOfAsync(child, spawned, new ModuleLineage
        {
            Origin = ModuleOrigin.Spawned,
            RunId = RunId,
            Parent = parent.Name,
            ParentDigest = snapshot.Current.Digest,
        });
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
        ModuleOrigin.Spawned => $"spawned from {lineage.Parent}",
        _ => "random",
    };
}
