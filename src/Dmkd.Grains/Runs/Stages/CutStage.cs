using Dmkd.Contracts.Preservation;
using Dmkd.Core.Models;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs.Engine;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>
/// Scores and partitions the legacy model's units, and cuts experts and gate out (proposal 3.2.1 to 3.2.3).
/// </summary>
internal sealed partial class CutStage(PreservationScope work) : IRunStage<PreservationStage>
{
    private const string Job = "score, partition, cut";

    public PreservationStage Phase => PreservationStage.Cut;

    public bool IsSkipped => false;

    public async Task<StageEnd<PreservationStage>> RunAsync(CancellationToken cancellationToken)
    {
        var track = work.Begin(Job);
        var settings = work.Settings; // a lane never reads grain state
        byte[] legacy = await work.Services.Weights.GetAsync(work.State.SourceDigest!, cancellationToken);
        var calibration = work.Data.Calibration;
        var (cut, partition, time) = await work.Services.Work.CutAsync(
            settings,
            legacy,
            calibration,
            track.Report,
            cancellationToken
        );
        var modules = new PreservedModule[cut.Length];
        for (int index = 0; index < cut.Length; index++)
        {
            string digest = await work.Services.Weights.PutAsync(cut[index].Weights, cancellationToken);
            modules[index] = ModuleOf(cut[index], PreservationRules.ModuleName(cut[index].Role, index), digest);
        }

        work.State.Modules = modules;
        work.State.Partition = partition;
        work.State.ClassNames = [.. work.Data.Dataset.ClassNames];
        work.State.TestImages = work.Data.Dataset.Test.Count;
        work.Spent(Job, time);
        long legacyCost = ArchitectureCatalog.Parse(settings.Architecture).MultiplyAdds;
        foreach (var module in modules)
            work.Tell(EventOf(module, legacyCost));
        LogCut(work.Logger, work.Library, modules.Length);
        return StageEnd<PreservationStage>.Next;
    }

    private static PreservedModule ModuleOf(CutModule cut, string name, string digest)
    {
        var architecture = ArchitectureCatalog.Parse(cut.Architecture);
        return new PreservedModule
        {
            Name = name,
            Role = cut.Role,
            Cluster = cut.Cluster,
            Classes = cut.Classes,
            Architecture = cut.Architecture,
            Widths = cut.Widths,
            Parameters = architecture.ParameterCount,
            MultiplyAdds = architecture.MultiplyAdds,
            ImportanceShare = cut.ImportanceShare,
            CutDigest = digest,
        };
    }

    private static ModuleCut EventOf(PreservedModule module, long legacyCost) =>
        new(
            module.Name,
            module.Classes.Length,
            module.Parameters,
            (double)module.MultiplyAdds / legacyCost,
            module.ImportanceShare
        );

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Library {Library}: cut the legacy model into {Modules} modules"
    )]
    private static partial void LogCut(ILogger logger, string library, int modules);
}
