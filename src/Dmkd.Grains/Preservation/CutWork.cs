using System.Runtime.InteropServices;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using Dmkd.Data.Images;
using static TorchSharp.torch;

namespace Dmkd.Grains.Preservation;

/// <summary>Scores, partitions and cuts the legacy model (proposal 3.2.1 to 3.2.3); run on a device lane.</summary>
internal static class CutWork
{
    private const int BatchSize = 100;

    /// <summary>Cuts the experts, and the gate network when one is wanted.</summary>
    /// <param name="job">The lane.</param>
    /// <param name="settings">How.</param>
    /// <param name="legacyWeights">Weights of the legacy model or its surrogate, as safetensors.</param>
    /// <param name="calibration">Labelled calibration images.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    public static CutLegacy Run(
        DeviceJob job,
        PreservationSettings settings,
        byte[] legacyWeights,
        ImageSet calibration,
        Action<double> progress
    )
    {
        var architecture = ArchitectureCatalog.Parse(settings.Architecture);
        using var weights = WeightCodec.Decode(legacyWeights);
        using var legacy = NetworkLoader.Load(architecture, weights, job.Device);
        using var data = ImageTensors.From(calibration);
        using var inputs = InputNormalisation.Find(settings.Normalisation).Apply(data.Inputs.to(job.Device));
        using var scores =
            PreservationWays.Measures.Find(settings.Scores) is ImportanceMeasure.Magnitude
                ? ImportanceScorer.Magnitude(legacy, architecture.OutputCount)
                : ImportanceScorer.Score(
                    legacy,
                    inputs,
                    data.Labels.to(job.Device),
                    architecture.OutputCount,
                    new ImportanceOptions()
                );
        progress(0.3);
        job.CancellationToken.ThrowIfCancellationRequested();
        var groups =
            settings.ClassGroups
            ?? (
                PreservationWays.Groupings.Find(settings.Grouping) is GroupingStrategy.Similarity
                    ? GroupAlike(legacy, inputs, data.Labels, settings)
                    : null
            );
        var plan = PreservationPlanner.Plan(architecture, scores, PreservationRules.PlanOptions(settings, groups));
        progress(0.7);

        List<CutModule> modules =
        [
            .. plan.Experts.Select(expert =>
                Cut(ModuleRole.Expert, expert.Cluster, expert.Classes, expert.Units, expert.ImportanceShare)
            ),
        ];
        if (PreservationRules.HasGate(settings))
        {
            int[] all = [.. Enumerable.Range(0, architecture.OutputCount)];
            var units = UnitSelector.MostImportant(
                architecture,
                scores,
                all,
                1,
                PreservationRules.GateWidths(settings)
            );
            modules.Add(Cut(ModuleRole.Gate, null, all, units, scores.ShareOf(units)));
        }

        progress(1);
        var map = PartitionMap.Of(plan.Graph, plan.ClusterOfNode, settings.Experts, scores);
        return new CutLegacy([.. modules], Summarise(map), job.Elapsed);

        CutModule Cut(ModuleRole role, int? cluster, int[] classes, UnitSelection units, double share)
        {
            var (cut, first) = Transfer(architecture, weights, units, classes, settings);
            using (first)
            {
                long[] own =
                [
                    .. calibration
                        .Labels.Index()
                        .Where(entry => classes.Contains(entry.Item))
                        .Select(entry => (long)entry.Index),
                ];
                byte[] content = Reestimate(job, cut, first, inputs, own);
                SpaceWidth[] widths =
                [
                    .. architecture.UnitSpaces.Select(space => new SpaceWidth(
                        space.Name,
                        units[space.Name].Count,
                        space.Width
                    )),
                ];
                return new CutModule(role, cluster, classes, cut.ToString(), widths, share, content);
            }
        }
    }

    private static int[][] GroupAlike(Network legacy, Tensor inputs, Tensor labels, PreservationSettings settings)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var logits = cat([.. inputs.split(BatchSize).Select(legacy.forward)]).cpu();
        return ClassGrouping.Group(
            ClassGrouping.Similarity(logits, labels),
            settings.Experts,
            PreservationRules.PartitionSeed(settings)
        );
    }

    /// <summary><c>W_k = α W_old,k + (1-α) W_rand,k</c>.</summary>
    private static (NetworkArchitecture Architecture, WeightSet Weights) Transfer(
        NetworkArchitecture architecture,
        WeightSet legacy,
        UnitSelection units,
        int[] classes,
        PreservationSettings settings
    )
    {
        var (cut, old) = WeightTransfer.Cut(architecture, legacy, units, classes);
        using (old)
        {
            using var drawn = WeightTransfer.RandomWeights(cut, PreservationRules.RandomWeightsSeed(settings));
            using var random = WeightTransfer.AtPyTorchScale(drawn);
            return (cut, WeightTransfer.Blend(old, random, settings.Alpha));
        }
    }

    private static byte[] Reestimate(
        DeviceJob job,
        NetworkArchitecture architecture,
        WeightSet weights,
        Tensor inputs,
        long[] own
    )
    {
        using var network = NetworkLoader.Load(architecture, weights, job.Device);
        using var images = inputs.index_select(0, tensor(own, device: job.Device));
        BatchNormStatistics.Reestimate(network, images, BatchSize);
        using var result = WeightSet.CopyOf(network);
        return WeightCodec.Encode(result);
    }

    private static PartitionSummary Summarise(PartitionMap map) =>
        new()
        {
            Size = map.Size,
            Adjacency = MemoryMarshal.AsBytes<float>([.. map.Adjacency]).ToArray(),
            ClusterStarts = [.. map.ClusterStarts],
            ImportanceByClass =
            [
                .. Enumerable
                    .Range(0, map.ClassShares.GetLength(0))
                    .Select(cluster =>
                        (double[])
                            [
                                .. Enumerable
                                    .Range(0, map.ClassShares.GetLength(1))
                                    .Select(label => map.ClassShares[cluster, label]),
                            ]
                    ),
            ],
        };
}

/// <summary>A legacy model in parts: the experts in the order of their first class, then the gate.</summary>
internal sealed record CutLegacy(CutModule[] Modules, PartitionSummary Partition, TimeSpan Time);

/// <summary>A module cut out of the legacy model, not yet distilled.</summary>
internal sealed record CutModule(
    ModuleRole Role,
    int? Cluster,
    int[] Classes,
    string Architecture,
    SpaceWidth[] Widths,
    double ImportanceShare,
    byte[] Weights
);
