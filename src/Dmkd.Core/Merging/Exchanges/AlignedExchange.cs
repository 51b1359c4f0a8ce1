using Dmkd.Core.Merging.Admission;
using Dmkd.Core.Merging.Alignment;
using Dmkd.Core.Merging.Rules;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// For replicas of different first weights (DIMAT, Saadati et al. 2024), in two phases: nodes send their replicas, the
/// coordinator chooses one as the reference, and every node puts its units in the reference's order before it sends its
/// update, whole.
/// </summary>
public sealed class AlignedExchange : IUpdateExchange
{
    /// <summary>The name.</summary>
    public const string Name = "aligned";

    private const int BatchSize = 64;

    /// <inheritdoc/>
    public bool HasSharedBasis => true;

    /// <inheritdoc/>
    public bool NeedsReplica => true;

    /// <inheritdoc/>
    public CompressedDelta Propose(NodeUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return DenseExchange.Whole(update.Delta);
    }

    /// <inheritdoc/>
    public string? CheckProposal(WeightSet baseWeights, CompressedDelta proposal) =>
        DeltaCheck.FindProblem(baseWeights, proposal);

    /// <inheritdoc/>
    /// <returns>The first replica that does not stand out.</returns>
    public CompressedDelta MakeBasis(IReadOnlyList<Proposal> proposalsInNodeOrder)
    {
        ArgumentNullException.ThrowIfNull(proposalsInNodeOrder);
        var outcomes = AdmissionRules.Judge([.. proposalsInNodeOrder.Select(FactsOf)], new AdmissionLimits());
        int first = outcomes.Index().First(entry => entry.Item.IsAdmitted).Index; // the median is among the admitted
        return proposalsInNodeOrder[first].Tensors;
    }

    /// <inheritdoc/>
    /// <param name="update">With its replica.</param>
    /// <param name="basis">The reference.</param>
    public CompressedDelta Pack(NodeUpdate update, CompressedDelta? basis)
    {
        ArgumentNullException.ThrowIfNull(update);
        if (basis is null || update.Replica is not { } replica)
            throw new ArgumentException($"{Name} packs with a reference and the node's replica.", nameof(update));
        using var reference = DeltaDecompressor.Decompress(basis);
        using var own = Build(replica, update.Delta);
        using var target = Build(replica, reference);
        using var aligned = UnitAlignment.Align(target, own, replica.Inputs, BatchSize);
        using var delta = aligned.Weights.Map((name, tensor) => tensor - replica.Base[name]);
        return DenseExchange.Whole(delta);
    }

    private static SubmissionFacts FactsOf(Proposal proposal)
    {
        using var delta = DeltaDecompressor.Decompress(proposal.Tensors);
        return new SubmissionFacts(proposal.NodeId, proposal.SampleCount, UpdateNorms.Of(delta));
    }

    private static Network Build(NodeReplica replica, WeightSet update)
    {
        using var sum = replica.Base.Map((name, tensor) => tensor + update[name]);
        return NetworkLoader.Load(replica.Architecture, sum, replica.Inputs.device);
    }
}
