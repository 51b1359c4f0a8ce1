namespace Dmkd.Experiments.Methods.Decentralized;

/// <summary>How nodes merge their networks.</summary>
/// <param name="Topology">Whom a node averages with.</param>
/// <param name="Align">Whether units are put into the reference's order by their activations before averaging.</param>
/// <param name="ResetBatchNorm">Whether batch-norm statistics are re-estimated after it.</param>
/// <param name="Statistics">Images both are measured on.</param>
/// <param name="StatisticsImages">Most images of them, at least 2.</param>
public sealed record MergeOptions(Topology Topology, bool Align, bool ResetBatchNorm, StatisticsSource Statistics, int StatisticsImages)
{
    private const int UsualImages = 500;

    /// <summary>Reads <c>topology</c> (fully-connected or ring), <c>statistics</c> (local or global) and <c>statistics-images</c>.</summary>
    internal static MergeOptions Read(MethodParameters parameters, bool align, bool resetBatchNorm) => new(
        parameters.OneOf("topology", "fully-connected", ["fully-connected", "ring"]) == "ring" ? Topology.Ring : Topology.FullyConnected,
        align,
        resetBatchNorm,
        parameters.OneOf("statistics", "local", ["local", "global"]) == "local" ? StatisticsSource.Local : StatisticsSource.Global,
        parameters.Count("statistics-images", UsualImages, 2, 1_000_000));

    /// <summary>The nodes whose networks one node averages, itself first.</summary>
    /// <param name="node">The node, in [0, nodes).</param>
    /// <param name="nodes">Number of nodes.</param>
    internal int[] SourcesOf(int node, int nodes) => Topology == Topology.Ring
        ? [.. new[] { node, (node + nodes - 1) % nodes, (node + 1) % nodes }.Distinct()]
        : [node, .. Enumerable.Range(0, nodes).Where(other => other != node)];
}

/// <summary>Whom a node averages with, in equal shares with itself: the rows of the mixing matrix Π.</summary>
public enum Topology
{
    /// <summary>Everybody: Π = 1/N. One average for all.</summary>
    FullyConnected,

    /// <summary>The node before and the node after: Π = 1/3 each. As many averages as nodes.</summary>
    Ring,
}

/// <summary>Which images activations and batch-norm statistics are measured on in a merge.</summary>
public enum StatisticsSource
{
    /// <summary>Each node's own: no image leaves it.</summary>
    Local,

    /// <summary>Those of all nodes, as DIMAT's published code does it: every node must hold the whole training set.</summary>
    Global,
}
