using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Modalities;
using Dmkd.Core.Models;
using Dmkd.Core.Routing;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs.Engine;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>Publishes the modules with their lineage, and evaluates the library through its own router.</summary>
internal sealed class PublishStage(PreservationScope work) : IRunStage<PreservationStage>
{
    public PreservationStage Phase => PreservationStage.Publish;

    public bool IsSkipped => false;

    public async Task<StageEnd<PreservationStage>> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var module in work.State.Modules)
            await PublishAsync(module, cancellationToken);
        await EvaluateAsync(cancellationToken);
        return StageEnd<PreservationStage>.Next;
    }

    /// <summary>Version 1 is the cut, version 2 its distillation; a repeat changes nothing.</summary>
    private async Task PublishAsync(PreservedModule module, CancellationToken cancellationToken)
    {
        var descriptor = DescriptorOf(module);
        var now = work.Services.Time.GetUtcNow();
        var grain = work.Grains.GetGrain<IExpertModuleGrain>(descriptor.Key);
        var cut = new ModuleVersion
        {
            Number = 1,
            Digest = module.CutDigest,
            Bytes = module.Bytes,
            CreatedAt = now,
        };
        await grain.CreateAsync(descriptor, cut, cancellationToken);
        bool isDistilled = module.Digest != module.CutDigest;
        if (isDistilled)
        {
            var distilled = cut with { Number = 2, Digest = module.Digest!, ParentDigest = module.CutDigest };
            await grain.PublishAsync(distilled, cancellationToken);
        }

        int newest = isDistilled ? 2 : 1;
        await grain.RecordSpecializationAsync(
            new ModuleSpecialization(newest, module.EntropySum, module.EntropyCount),
            cancellationToken
        );
    }

    private ModuleDescriptor DescriptorOf(PreservedModule module) =>
        new()
        {
            Library = work.Library,
            Name = module.Name,
            Architecture = module.Architecture,
            Classes = module.Classes,
            ClassNames = [.. module.Classes.Select(label => work.State.ClassNames[label])],
            Signature = ModalityCatalog.SignatureOf(module.Architecture, ModuleSignature.PlainLabels).ToString(),
            Normalisation = work.Settings.Normalisation,
            Role = module.Role,
            Lineage = new ModuleLineage
            {
                Origin = ModuleOrigin.Preserved,
                RunId = work.Library,
                LegacyDigest = work.State.Request!.LegacyDigest,
                LegacyFraction = work.Settings.Alpha,
                Cluster = module.Cluster,
                ImportanceShare = module.ImportanceShare,
            },
        };

    /// <summary>For every number of experts that answer.</summary>
    private async Task EvaluateAsync(CancellationToken cancellationToken)
    {
        var track = work.Begin("evaluation");
        bool hasGate = work.State.Modules.Any(module => module.Role is ModuleRole.Gate);
        string gate = hasGate ? NetworkGate.GateName : GateCatalog.Names[0];
        var router = work.Grains.GetGrain<IRouterGrain>(work.Library);
        int lanes = work.Services.Work.ServingLanes;
        var evaluation = new LibraryEvaluation(
            router,
            work.Data.Dataset.Test,
            work.State.Modules,
            gate,
            work.Settings.GateVote,
            lanes
        );
        int experts = work.Settings.Experts;
        var routed = new RoutedAccuracy[experts];
        for (int done = 0; done < experts; done++)
        {
            int before = done;
            var (accuracy, deviceSeconds) = await evaluation.RunAsync(
                done + 1,
                share => track.Report((before + share) / experts),
                cancellationToken
            );
            routed[done] = accuracy;
            work.State.DeviceSeconds += deviceSeconds;
            work.Tell(new LibraryEvaluated(accuracy));
        }

        work.State.Routed = routed;
    }
}
