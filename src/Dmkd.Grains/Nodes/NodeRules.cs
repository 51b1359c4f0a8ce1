using Dmkd.Contracts.Nodes;

namespace Dmkd.Grains.Nodes;

/// <summary>Decisions of a node, as functions of its state.</summary>
internal static class NodeRules
{
    /// <summary>The held module if it is the finished result of the work.</summary>
    public static HeldModule? Finished(NodeState state, string workKey) =>
        state.Held.Values.FirstOrDefault(held => held.WorkKey == workKey);

    /// <summary>
    /// Digest of the weights a local update starts from: the node's own after a round without a merge (τ above 1), the merged
    /// version's otherwise.
    /// </summary>
    public static string StartingDigest(NodeState state, LocalUpdateRequest request) =>
        state.Held.TryGetValue(request.Module.Name, out var held)
        && held.LocalDigest is { } local && held.BaseVersion == request.Base.Number && held.Round == request.Round - 1
            ? local
            : request.Base.Digest;
}
