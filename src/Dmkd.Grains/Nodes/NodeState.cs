using Dmkd.Contracts.Nodes;

namespace Dmkd.Grains.Nodes;

/// <summary>What a node persists: the last finished work per module.</summary>
internal sealed class NodeState
{
    /// <summary>By module name.</summary>
    public Dictionary<string, HeldModule> Held { get; set; } = [];
}

/// <summary>A module as a node holds it.</summary>
internal sealed class HeldModule
{
    /// <summary>The last finished work.</summary>
    public required string WorkKey { get; set; }

    /// <summary>Its round.</summary>
    public required int Round { get; set; }

    /// <summary>Version that the local weights grew from.</summary>
    public required int BaseVersion { get; set; }

    /// <summary>Digest of the local weights, kept between merges only; null after a merge round.</summary>
    public string? LocalDigest { get; set; }

    /// <summary>What the work did.</summary>
    public required LocalUpdateReport Report { get; set; }
}
