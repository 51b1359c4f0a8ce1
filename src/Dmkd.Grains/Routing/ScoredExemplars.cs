using System.Runtime.InteropServices;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Nodes;
using Dmkd.Core.Routing;

namespace Dmkd.Grains.Routing;

/// <summary>Exemplars of all nodes as the experts score them.</summary>
/// <param name="Experts">The experts with their class scores.</param>
/// <param name="Labels">The data set's class index of each exemplar.</param>
/// <param name="Descriptors">Descriptor of each exemplar, shape [exemplars, numbers].</param>
internal sealed record ScoredExemplars(ExpertView[] Experts, int[] Labels, double[] Descriptors)
{
    /// <summary>Puts reports together, in the order of nodes and exemplars.</summary>
    /// <param name="modules">The experts.</param>
    /// <param name="reports">Per node that answered, per expert, its reports in order.</param>
    public static ScoredExemplars From(IReadOnlyList<ModuleSnapshot> modules, IReadOnlyList<ExemplarReport[][]> reports)
    {
        var views = modules.Select((module, k) => new ExpertView(
            module.Descriptor.Classes, module.Specialization?.MeanEntropy ?? 0,
            [.. reports.SelectMany(node => node[k]).SelectMany(report => MemoryMarshal.Cast<byte, float>(report.ClassScores).ToArray())]));
        ExemplarReport[] first = [.. reports.SelectMany(node => node[0])];
        return new ScoredExemplars(
            [.. views],
            [.. first.SelectMany(report => report.Labels)],
            [.. first.SelectMany(report => MemoryMarshal.Cast<byte, float>(report.Descriptors).ToArray()).Select(value => (double)value)]);
    }
}
