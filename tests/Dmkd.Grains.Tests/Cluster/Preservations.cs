using System.Text.Json;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Preservation;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>Preserves small legacy models in a test cluster.</summary>
internal static class Preservations
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A legacy model that was never trained: nothing here depends on how good it is.</summary>
    public static byte[] Legacy(ulong seed = 7)
    {
        using var weights = WeightTransfer.RandomWeights(
            ArchitectureCatalog.Parse(Examples.TinyPreservation().Architecture),
            seed
        );
        return WeightCodec.Encode(weights);
    }

    public static PreservationRequest RequestOf(byte[] legacy, PreservationSettings? settings = null) =>
        new()
        {
            Settings = settings ?? Examples.TinyPreservation(),
            LegacyDigest = WeightDigest.Of(legacy),
            SourceName = "legacy.safetensors",
        };

    /// <summary>Stores a legacy model, makes it into a library and waits for the end.</summary>
    public static async Task<PreservationReport> PreserveAsync(
        this DmkdCluster cluster,
        string library,
        PreservationSettings? settings = null
    )
    {
        byte[] legacy = Legacy();
        await cluster.Services.GetRequiredService<IWeightStore>().PutAsync(legacy, Cancel);
        await cluster.Grains.GetGrain<IPreservationGrain>(library).StartAsync(RequestOf(legacy, settings), Cancel);
        return await cluster.PreservedAsync(library);
    }

    /// <summary>Waits for a complete library.</summary>
    public static async Task<PreservationReport> PreservedAsync(this DmkdCluster cluster, string library)
    {
        var end = await cluster.EndAsync(library);
        Assert.True(end.Error is null, end.Error);
        return (await cluster.Grains.GetGrain<IPreservationGrain>(library).GetReportAsync(Cancel))!;
    }

    /// <summary>Waits for the end, good or bad.</summary>
    public static async Task<PreservationProgress> EndAsync(this DmkdCluster cluster, string library)
    {
        var preservation = cluster.Grains.GetGrain<IPreservationGrain>(library);
        await DmkdCluster.UntilAsync(
            async () =>
                (await preservation.GetProgressAsync(long.MaxValue)).Stage
                    is PreservationStage.Completed
                        or PreservationStage.Failed,
            $"the end of library {library}"
        );
        return await preservation.GetProgressAsync(0, Cancel);
    }

    /// <summary>
    /// Everything a preservation decides, as text to compare: the report without times and name, and all versions.
    /// </summary>
    public static async Task<string> OutcomeAsync(this DmkdCluster cluster, PreservationReport report)
    {
        var modules = await cluster.Grains.GetGrain<IModuleCatalogGrain>(report.Library).ListAsync(Cancel);
        var versions = new Dictionary<string, IEnumerable<string>>();
        foreach (var descriptor in modules.Select(module => module.Descriptor))
            versions[descriptor.Name] = (await RunOutcome.HistoryAsync(cluster.Grains, descriptor)).Select(version =>
                $"{version.Number} {version.Digest}"
            );
        return JsonSerializer.Serialize(
            new
            {
                report.LegacyAccuracy,
                report.Modules,
                report.Routed,
                report.Partition,
                Entropies = modules.Select(module => module.Specialization!.MeanEntropy),
                Versions = versions,
            }
        );
    }
}
