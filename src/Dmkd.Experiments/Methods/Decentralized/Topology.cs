namespace Dmkd.Experiments.Methods.Decentralized;

/// <summary>Whom a node averages with, in equal shares with itself: the rows of the mixing matrix Π.</summary>
public enum Topology
{
    /// <summary>Everybody: Π = 1/N. One average for all.</summary>
    FullyConnected,

    /// <summary>The node before and the node after: Π = 1/3 each. As many averages as nodes.</summary>
    Ring,
}
