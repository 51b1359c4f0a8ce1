using System.Runtime.InteropServices;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Core.Routing;
using Dmkd.Data.Seeds;

namespace Dmkd.Grains.Routing;

/// <summary>The gate of a run, and what nodes told as the evidence that it is fitted to.</summary>
internal static class RunGate
{
    /// <summary>The gate that a run routes by, not fitted yet.</summary>
    public static IGate Of(RunSettings settings)
    {
        var routing = settings.Routing;
        int seed = SeedSequence.Derive(settings.Seed, SeedPurpose.PairScorer);
        var score = EvidenceScores.Find(routing.Score);
        return GateCatalog.Create(
            new GateOptions(routing.Gate, settings.Fitting.Calibration, score, routing.SpecializationWeight, seed)
        );
    }

    /// <summary>Puts reports about exemplars together, in the order of nodes and exemplars.</summary>
    /// <param name="modules">The experts.</param>
    /// <param name="reports">Per node that answered, per expert, its reports in order.</param>
    public static ExemplarScores Exemplars(
        IReadOnlyList<ModuleSnapshot> modules,
        IReadOnlyList<ExemplarReport[][]> reports
    )
    {
        var experts = new ExpertView[modules.Count];
        for (int k = 0; k < experts.Length; k++)
        {
            var told = reports.SelectMany(node => node[k]).SelectMany(report => Floats(report.ClassScores));
            experts[k] = new ExpertView(
                modules[k].Descriptor.Classes,
                modules[k].Specialization?.MeanEntropy ?? 0,
                [.. told]
            );
        }

        ExemplarReport[] first = [.. reports.SelectMany(node => node[0])];
        int[] labels = [.. first.SelectMany(report => report.Labels)];
        double[] descriptors =
        [
            .. first.SelectMany(report => Floats(report.Descriptors)).Select(value => (double)value),
        ];
        return new ExemplarScores(experts, labels, descriptors);
    }

    private static float[] Floats(byte[] content) => MemoryMarshal.Cast<byte, float>(content).ToArray();
}
