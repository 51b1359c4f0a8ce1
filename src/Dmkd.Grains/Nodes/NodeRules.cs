using System.Globalization;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Settings;

namespace Dmkd.Grains.Nodes;

/// <summary>Decisions of a node, as functions of its state.</summary>
internal static class NodeRules
{
    /// <summary>The held module if the work is done.</summary>
    public static HeldModule? Finished(NodeState state, string workKey) =>
        state.Held.Values.FirstOrDefault(held => held.WorkKey == workKey && held.IsDone);

    /// <summary>
    /// What a module is held by: its name in an experiment's library, the only one of its nodes; its key, with its
    /// library, at a party's node, which may teach several.
    /// </summary>
    public static string HeldKeyOf(RunSettings settings, ModuleDescriptor module) =>
        settings.Library is null ? module.Name : module.Key;

    /// <summary>
    /// Whether the node still has what a request asks for, so that it need not train again: not what a program before
    /// 0.2 packed.
    /// </summary>
    public static bool HasResult(HeldModule? held, LocalUpdateRequest request) =>
        held?.WorkKey == request.WorkKey
        && (!request.SubmitsDelta || held.Packed is not null || held.Trained is not null);

    /// <summary>
    /// Whether a request is for an older round than the node has worked on already: a message that comes late.
    /// </summary>
    public static bool IsOutdated(NodeState state, LocalUpdateRequest request) =>
        state.Held.TryGetValue(HeldKeyOf(request.Settings, request.Module), out var held)
        && held.RunId == request.RunId
        && request.Round < held.Round;

    /// <summary>Whether the node has worked on a later round of the same run and module.</summary>
    /// <param name="state">The node's state.</param>
    /// <param name="workKey">A request's <see cref="LocalUpdateRequest.WorkKey"/>.</param>
    public static bool IsOutdated(NodeState state, string workKey)
    {
        int end = workKey.LastIndexOf('/') + 1;
        return int.TryParse(workKey.AsSpan(end), NumberStyles.None, CultureInfo.InvariantCulture, out int round)
            && state.Held.Values.Any(held =>
                held.Round > round && held.WorkKey.StartsWith(workKey[..end], StringComparison.Ordinal)
            );
    }

    /// <summary>
    /// Digest of the weights a local update starts from: the node's own after a round without a merge (τ above 1), the
    /// merged version's otherwise.
    /// </summary>
    public static string StartingDigest(NodeState state, LocalUpdateRequest request) =>
        state.Held.TryGetValue(HeldKeyOf(request.Settings, request.Module), out var held)
        && held.LocalDigest is { } local
        && held.BaseVersion == request.Base.Number
        && held.Round == request.Round - 1
            ? local
            : request.Base.Digest;

    /// <summary>What the node tells of how its training went; null when that is no number, as of one that diverged.</summary>
    public static TrainingFigures? TrainingOf(LocalUpdateReport report) =>
        report.Accuracy is { } accuracy && double.IsFinite(report.MeanLoss)
            ? new TrainingFigures(report.MeanLoss, accuracy)
            : null;

    /// <summary>
    /// Bytes a node has to fetch to have a version: nothing when it holds it, the update when it holds the parent.
    /// </summary>
    public static long BytesToFetch(HeldModule? held, ModuleVersion version)
    {
        if (held?.BaseDigest == version.Digest)
            return 0;
        if (!HasParent(held, version))
            return version.Bytes;
        long bytes = version.Update!.Bytes;
        if (version.Basis is { } basis && basis.Digest != held!.BasisDigest)
            bytes += basis.Bytes;
        return bytes;
    }

    /// <summary>Whether the node holds the parent of a version that can be had as an update.</summary>
    public static bool HasParent(HeldModule? held, ModuleVersion version) =>
        version.Update is not null && held?.BaseDigest is { } digest && digest == version.ParentDigest;

    /// <summary>
    /// What compression has dropped so far. An update that was not merged counts as never made: it is not fed back,
    /// because the weights it was relative to are gone.
    /// </summary>
    /// <param name="held">The last work; null before the first.</param>
    /// <param name="nodeId">The node.</param>
    /// <param name="history">The module's versions.</param>
    public static string? ResidualAfter(HeldModule? held, string nodeId, IEnumerable<ModuleVersion> history) =>
        held?.NextResidual is { } next
        && history.Any(version =>
            version.Round == held.Round
            && version.Contributions.Any(contribution => contribution.NodeId == nodeId && contribution.Weight > 0)
        )
            ? next
            : held?.Residual;
}
