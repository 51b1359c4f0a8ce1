using System.Text.Json;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Runs;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// Everything a run decides, as text to compare: the report without times, and the digests of all versions.
/// </summary>
internal static class RunOutcome
{
    public static async Task<string> OfAsync(IGrainFactory grains, RunReport report)
    {
        var modules = await grains
            .GetGrain<IModuleCatalogGrain>(report.Library)
            .ListAsync(TestContext.Current.CancellationToken);
        var versions = new Dictionary<string, IEnumerable<string>>();
        foreach (var descriptor in modules.Select(module => module.Descriptor))
            versions[descriptor.Name] = (await HistoryAsync(grains, descriptor)).Select(version =>
                $"{version.Number} {version.Digest}"
            );
        return JsonSerializer.Serialize(
            new
            {
                report.ClassIncremental,
                report.TaskIncremental,
                report.MacroF1,
                report.TaskDetectionRate,
                report.BytesUp,
                report.BytesDown,
                report.DenseBytes,
                report.LegacyAccuracy,
                report.ExpertParameters,
                report.MacsPerInput,
                report.Exemplars,
                Gate = (
                    await grains
                        .GetGrain<IModuleCatalogGrain>(report.Library)
                        .GetGateAsync(TestContext.Current.CancellationToken)
                )
                    ?.Parameters
                    .Digest,
                Entropies = modules.Select(module => module.Specialization!.MeanEntropy),
                Versions = versions,
            }
        );
    }

    /// <summary>All versions of a module.</summary>
    public static Task<IReadOnlyList<ModuleVersion>> HistoryAsync(IGrainFactory grains, ModuleDescriptor module) =>
        grains.GetGrain<IExpertModuleGrain>(module.Key).GetHistoryAsync(TestContext.Current.CancellationToken);
}
