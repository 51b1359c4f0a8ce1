using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// How a round's updates reach the coordinator (proposal 3.4.3). A round has one phase, in which nodes
/// <see cref="Pack"/> their updates and the coordinator <see cref="Check"/>s and <see cref="Combine"/>s them; or two,
/// when packing needs a basis that all nodes share: they <see cref="Propose"/> their parts of it first.
/// </summary>
/// <remarks>
/// An exchange is one file with its options and its checks, named in <see cref="UpdateExchanges"/>; nothing else asks
/// which one a round uses. Exchanges hold no state between calls: equal arguments give equal bytes.
/// </remarks>
public interface IUpdateExchange
{
    /// <summary>Whether the round has two phases.</summary>
    bool HasSharedBasis => false;

    /// <summary>
    /// Whether a merged update is relative to the basis, so that whoever rebuilds a version from it needs that too.
    /// </summary>
    bool UpdatesNeedBasis => false;

    /// <summary>
    /// Whether packing runs the node's replica on some of its own inputs, see <see cref="NodeUpdate.Replica"/>.
    /// </summary>
    bool NeedsReplica => false;

    /// <summary>First of two phases, on a node: its part of the shared basis.</summary>
    /// <param name="update">The node's update. Borrowed.</param>
    /// <exception cref="ArgumentException">A value is not finite; the message names the tensor.</exception>
    CompressedDelta Propose(NodeUpdate update) => throw new NotSupportedException("This exchange has no shared basis.");

    /// <summary>First of two phases, at the coordinator: the first problem of a part.</summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="proposal">The part.</param>
    /// <returns>One line that names tensor, check and value; null when it can be used.</returns>
    string? CheckProposal(WeightSet baseWeights, CompressedDelta proposal) => "This round has no shared basis.";

    /// <summary>Ends the first of two phases, at the coordinator: the basis that all nodes share.</summary>
    /// <param name="proposalsInNodeOrder">At least one part without problems; equal parts in equal order give equal
    /// bytes.</param>
    CompressedDelta MakeBasis(IReadOnlyList<Proposal> proposalsInNodeOrder) =>
        throw new NotSupportedException("This exchange has no shared basis.");

    /// <summary>Packs an update, on a node.</summary>
    /// <param name="update">The node's update, finite. Borrowed.</param>
    /// <param name="basis">The round's basis; null in a round of one phase.</param>
    /// <returns> One entry per tensor, in the update's order; <see cref="DeltaDecompressor"/> gives the update back.
    /// What travels of it is <see cref="PowerSgdPayload.WithoutBasis"/>. </returns>
    /// <exception cref="ArgumentException">A value is not finite, or the basis does not fit; the message names the
    /// tensor.</exception>
    CompressedDelta Pack(NodeUpdate update, CompressedDelta? basis);

    /// <summary>The first problem of a packed update, at the coordinator.</summary>
    /// <param name="baseWeights">Weights the update is for. Borrowed.</param>
    /// <param name="payload">What travelled.</param>
    /// <param name="basis">The round's basis; null in a round of one phase.</param>
    /// <returns>One line that names tensor, check and value; null when it can be merged.</returns>
    string? Check(WeightSet baseWeights, CompressedDelta payload, CompressedDelta? basis) =>
        DeltaCheck.FindProblem(baseWeights, payload);

    /// <summary>
    /// Combines packed updates without unpacking them, at the coordinator, for rules that are weighted means.
    /// </summary>
    /// <param name="updatesInNodeOrder">At least one, without problems, with their basis.</param>
    /// <param name="weightsOf">Weights of a tensor by its name, one per update, with a sum of at most 1.</param>
    /// <returns>The mean; null when it is no smaller than the weights.</returns>
    CompressedDelta? Combine(
        IReadOnlyList<CompressedDelta> updatesInNodeOrder,
        Func<string, IReadOnlyList<double>> weightsOf
    ) => MergedDelta.Mean(updatesInNodeOrder, weightsOf);
}

/// <summary>What an exchange sees of a node.</summary>
/// <param name="Delta">The update, with what earlier rounds left out when error is fed back. Borrowed.</param>
public sealed record NodeUpdate(WeightSet Delta)
{
    /// <summary>Seed of the node's own randomness in this round.</summary>
    public ulong Seed { get; init; }

    /// <summary>Seed that all nodes of the round have.</summary>
    public ulong SharedSeed { get; init; }

    /// <summary>The update that made the base version, with its basis: a warm start; null for none.</summary>
    public CompressedDelta? Last { get; init; }

    /// <summary>The node's replica, for exchanges that need it.</summary>
    public NodeReplica? Replica { get; init; }
}

/// <summary>What it takes to run a node's replica.</summary>
/// <param name="Architecture">Of the module.</param>
/// <param name="Base">Weights that updates are relative to. Borrowed.</param>
/// <param name="Inputs">Some of the node's inputs, as the network takes them, on the device to compute on.
/// Borrowed.</param>
public sealed record NodeReplica(NetworkArchitecture Architecture, WeightSet Base, Tensor Inputs);

/// <summary>A node's part of a shared basis.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="SampleCount">Training samples it claims.</param>
/// <param name="Tensors">The part.</param>
public sealed record Proposal(string NodeId, long SampleCount, CompressedDelta Tensors);

/// <summary>
/// The exchanges by name, with what composes with each of them: half precision here, <see cref="ErrorFeedback"/>
/// around.
/// </summary>
public static class UpdateExchanges
{
    /// <summary>Largest rank.</summary>
    public const int MaxRank = 4096;

    private static readonly OrderedDictionary<string, Func<ExchangeOptions, IUpdateExchange>> Makers = new(
        StringComparer.Ordinal
    )
    {
        [DenseExchange.Name] = _ => new DenseExchange(),
        [SvdExchange.Name] = options => new SvdExchange(options.Rank),
        [PowerSgdExchange.Name] = options => new PowerSgdExchange(options.Rank, options.Format),
        [AlignedExchange.Name] = _ => new AlignedExchange(),
    };

    /// <summary>Names of the exchanges.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Makers.Keys];

    /// <summary>The exchanges that options choose: aligned replicas are asked for otherwise.</summary>
    public static Registry Known { get; } = new("compressor", Names.Where(name => name != AlignedExchange.Name));

    /// <summary>Makes an exchange.</summary>
    /// <param name="options">Name and options; rank 0 sends updates whole, whatever the name.</param>
    /// <exception cref="ArgumentException">There is no such exchange, or the rank is out of its range.</exception>
    public static IUpdateExchange Create(ExchangeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!Makers.TryGetValue(options.Name, out var make))
            throw new ArgumentException(
                $"There is no exchange '{options.Name}'; there are: {string.Join(", ", Names)}.",
                nameof(options)
            );
        if (options.Rank is < 0 or > MaxRank)
            throw new ArgumentException(
                $"The rank of {options.Name} must be in [0, {MaxRank}]; it is {options.Rank}.",
                nameof(options)
            );
        var exchange = make(options);
        return options.HalfPrecision ? new HalfPrecisionExchange(exchange) : exchange;
    }
}

/// <summary>How a round's updates are exchanged.</summary>
/// <param name="Name">One of <see cref="UpdateExchanges.Names"/>.</param>
/// <param name="Rank">Rank of each matrix, the proposal's <c>r</c>, in [0, <see cref="UpdateExchanges.MaxRank"/>]; 0
/// sends updates whole.</param>
/// <param name="HalfPrecision">Whether values are sent as fp16.</param>
public sealed record ExchangeOptions(string Name, int Rank = 0, bool HalfPrecision = false)
{
    /// <summary>Format of the values that travel.</summary>
    public ValueFormat Format => HalfPrecision ? ValueFormat.Fp16 : ValueFormat.Fp32;
}
