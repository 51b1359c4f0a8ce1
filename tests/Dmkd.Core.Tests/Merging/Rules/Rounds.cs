using System.Collections;
using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Merging.Rules;

/// <summary>A round's updates in node order. Owns them.</summary>
internal sealed class Rounds(WeightSet[] deltas) : IReadOnlyList<WeightSet>, IDisposable
{
    public int Count => deltas.Length;

    public WeightSet this[int index] => deltas[index];

    /// <summary>Different updates of a small network with running statistics.</summary>
    public static Rounds Random(int nodes, ulong seed = 1) =>
        new([.. Enumerable.Range(0, nodes).Select(node => TestWeights.Network(seed + (ulong)node))]);

    /// <summary>The same update from every node.</summary>
    public static Rounds Equal(int nodes) => new([.. Enumerable.Range(0, nodes).Select(_ => TestWeights.Network(1))]);

    /// <summary>Merges vectors.</summary>
    public static (double[] Update, IReadOnlyList<double> AcceptedWeights) Merge(
        IMergeRule rule,
        double[] sampleCounts,
        params float[][] deltas
    )
    {
        using Rounds round = new([.. deltas.Select(TestWeights.Vector)]);
        using var merged = rule.Merge(round, sampleCounts);
        return (merged.Update["w"].data<double>().ToArray(), merged.AcceptedWeights);
    }

    /// <summary>Merges vectors with equal sample counts.</summary>
    public static (double[] Update, IReadOnlyList<double> AcceptedWeights) MergeAlike(
        IMergeRule rule,
        params float[][] deltas
    ) => Merge(rule, [.. deltas.Select(_ => 1.0)], deltas);

    public static void Dispose(IEnumerable<WeightSet> deltas)
    {
        foreach (var delta in deltas)
            delta.Dispose();
    }

    public IEnumerator<WeightSet> GetEnumerator() => ((IEnumerable<WeightSet>)deltas).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public void Dispose() => Dispose(deltas);
}
