using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Routing;

namespace Dmkd.Grains.Preservation;

/// <summary>The last stage: modules with their lineage, and the library's accuracy through its own router.</summary>
internal sealed partial class PreservationGrain
{
    private async Task PublishAsync()
    {
        foreach (var module in State.Modules) await PublishAsync(module);
        var track = Begin("evaluation");
        bool hasGate = State.Modules.Any(module => module.Role is ModuleRole.Gate);
        var evaluation = new LibraryEvaluation(
            GrainFactory.GetGrain<IRouterGrain>(Library), _data!.Dataset.Test, State.Modules,
            hasGate ? NetworkGate.GateName : GateCatalog.Names[0], Settings.GateVote, devices.Serving.LaneCount);
        List<RoutedAccuracy> routed = [];
        for (int top = 1; top <= Settings.Experts; top++)
        {
            int done = top - 1;
            var (accuracy, deviceSeconds) = await evaluation.RunAsync(top, share => track.Report((done + share) / Settings.Experts), _work.Token);
            routed.Add(accuracy);
            State.DeviceSeconds += deviceSeconds;
            _feed.Add($"R = {top}: {accuracy.Accuracy:P2} of the test images, right expert {accuracy.RightExpert:P1}, {accuracy.MultiplyAdds / 1e6:F1} M multiply-adds per input");
        }

        State.Routed = [.. routed];
        await MoveToAsync(PreservationStage.Completed);
    }

    /// <summary>Version 1 is the cut, version 2 its distillation; a repeat changes nothing.</summary>
    private async Task PublishAsync(PreservedModule module)
    {
        var descriptor = new ModuleDescriptor
        {
            Library = Library,
            Name = module.Name,
            Architecture = module.Architecture,
            Classes = module.Classes,
            ClassNames = [.. module.Classes.Select(label => State.ClassNames[label])],
            RotationLabelled = false,
            Normalisation = Settings.Normalisation,
            Role = module.Role,
            Lineage = new ModuleLineage
            {
                Origin = ModuleOrigin.Preserved,
                RunId = Library,
                LegacyDigest = State.Request!.LegacyDigest,
                LegacyFraction = Settings.Alpha,
                Cluster = module.Cluster,
                ImportanceShare = module.ImportanceShare,
            },
        };
        var grain = GrainFactory.GetGrain<IExpertModuleGrain>(descriptor.Key);
        await grain.CreateAsync(descriptor, new ModuleVersion { Number = 1, Digest = module.CutDigest, Bytes = module.Bytes, CreatedAt = time.GetUtcNow() });
        int newest = 1;
        if (module.Digest != module.CutDigest)
        {
            newest = 2;
            await grain.PublishAsync(new ModuleVersion
            {
                Number = newest,
                Digest = module.Digest!,
                Bytes = module.Bytes,
                ParentDigest = module.CutDigest,
                CreatedAt = time.GetUtcNow(),
            });
        }

        await grain.RecordSpecializationAsync(new ModuleSpecialization(newest, module.EntropySum, module.EntropyCount));
    }
}
