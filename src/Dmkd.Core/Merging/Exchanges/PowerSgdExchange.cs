using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// PowerSGD (Vogels et al. 2019) in two phases: nodes project their updates onto a common subspace, the coordinator
/// publishes the orthonormalised mean <c>P</c> of the projections, and a matrix becomes <c>P Q_nᵀ</c> with <c>Q_n =
/// M_nᵀ P</c>; all else goes whole. What <see cref="Pack"/> gives holds the basis and so decompresses by itself;
/// <see cref="PowerSgdPayload.WithoutBasis"/> is what a node sends, as everyone has the basis.
/// <see cref="ErrorFeedback"/> around it keeps exactly what that payload does not carry.
/// </summary>
/// <param name="rank">Size of the subspace, the proposal's <c>r</c>; 0 sends all whole in one phase.</param>
/// <param name="format">Format of projections, basis and factors: everyone computes with the rounded values.</param>
public sealed class PowerSgdExchange(int rank, ValueFormat format) : IUpdateExchange
{
    /// <summary>The name.</summary>
    public const string Name = "powersgd";

    private readonly int _rank =
        rank >= 0
            ? rank
            : throw new ArgumentOutOfRangeException(nameof(rank), rank, $"rank must be at least 0; it is {rank}.");

    /// <inheritdoc/>
    public bool HasSharedBasis => _rank > 0;

    /// <inheritdoc/>
    public bool UpdatesNeedBasis => _rank > 0;

    /// <inheritdoc/>
    /// <returns>A left factor for each weight that <see cref="CompressionRule.UsesSubspace"/>: the projections onto the
    /// last update's right factors, or in a first round onto a random subspace.</returns>
    public CompressedDelta Propose(NodeUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        var subspace = update.Last is { } last
            ? PowerSgdSubspace.Next(last)
            : PowerSgdSubspace.First(update.Delta, _rank, update.SharedSeed);
        return PowerSgdProjection.Project(update.Delta, subspace, format);
    }

    /// <inheritdoc/>
    /// <remarks>Also for the basis itself. Sums of parts without problems are finite in float64.</remarks>
    public string? CheckProposal(WeightSet baseWeights, CompressedDelta proposal) =>
        DeltaCheck.FindProblem(
            baseWeights,
            proposal,
            shape => CompressionRule.UsesSubspace(shape, _rank),
            tensor => TensorCheck.FindProblem(tensor) ?? FactorProblem(tensor)
        );

    /// <inheritdoc/>
    public CompressedDelta MakeBasis(IReadOnlyList<Proposal> proposalsInNodeOrder)
    {
        ArgumentNullException.ThrowIfNull(proposalsInNodeOrder);
        CompressedDelta[] projections = [.. proposalsInNodeOrder.Select(proposal => proposal.Tensors)];
        return PowerSgdProjection.Basis(projections, PowerSgdProjection.ClippedWeights(projections), format);
    }

    /// <inheritdoc/>
    /// <returns>Products in the basis's format and whole tensors in fp32, in the update's order.</returns>
    /// <exception cref="ArgumentException">A value is not finite, or the basis is of another module, rank or format;
    /// the message names the tensor.</exception>
    public CompressedDelta Pack(NodeUpdate update, CompressedDelta? basis)
    {
        ArgumentNullException.ThrowIfNull(update);
        if (_rank == 0)
            return DenseExchange.Whole(update.Delta);
        var factors = FactorsOf(basis);
        if (factors.Keys.FirstOrDefault(name => !update.Delta.ContainsKey(name)) is { } missing)
            throw new ArgumentException($"Tensor '{missing}' of the basis is not in the delta.", nameof(basis));
        return new CompressedDelta([
            .. update.Delta.Select(pair => PackTensor(pair.Key, pair.Value, factors.GetValueOrDefault(pair.Key))),
        ]);
    }

    /// <inheritdoc/>
    public string? Check(WeightSet baseWeights, CompressedDelta payload, CompressedDelta? basis)
    {
        if (basis is null)
            return DeltaCheck.FindProblem(baseWeights, payload);
        var byName = PowerSgdPayload.ByName(basis);
        string? problem = DeltaCheck.FindProblem(
            baseWeights,
            payload,
            _ => true,
            tensor =>
                TensorCheck.FindProblem(tensor)
                ?? PowerSgdPayload.FindProblem(tensor, byName.GetValueOrDefault(tensor.Name))
        );
        return problem ?? DeltaCheck.FindProblem(baseWeights, PowerSgdPayload.WithBasis(payload, basis));
    }

    private Dictionary<string, LeftFactorTensor> FactorsOf(CompressedDelta? basis)
    {
        if (basis is null)
            throw new ArgumentException(
                $"{Name} packs in its second phase and needs the basis of the first.",
                nameof(basis)
            );
        var factors = PowerSgdPayload.ByName(basis);
        foreach (var factor in factors.Values)
        {
            if (factor.Rank != _rank)
                throw new ArgumentException(
                    $"Tensor '{factor.Name}' of the basis has rank {factor.Rank}; the exchange's is {_rank}.",
                    nameof(basis)
                );
            if (factor.Format != format)
                throw new ArgumentException(
                    $"Tensor '{factor.Name}' of the basis is in {factor.Format}; the exchange's format is {format}.",
                    nameof(basis)
                );
        }

        return factors;
    }

    private CompressedTensor PackTensor(string name, Tensor tensor, LeftFactorTensor? basis)
    {
        bool isFactored = CompressionRule.UsesSubspace(tensor.shape, _rank);
        bool fits =
            isFactored == basis is not null && (basis is null || basis.Shape.AsSpan().SequenceEqual(tensor.shape));
        if (!fits)
            throw new ArgumentException(
                $"Tensor '{name}' of shape {WeightSchema.Text(tensor.shape)} does not fit the basis.",
                nameof(tensor)
            );
        return basis is null ? DenseExchange.Whole(name, tensor) : Product(tensor, basis);
    }

    private static ProductTensor Product(Tensor tensor, LeftFactorTensor basis)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        WeightSchema.RequireFinite(basis.Name, tensor, "delta");
        var shape = MatrixShape.Of(basis.Shape);
        var left = ValueCodec.Decode(basis.Left, basis.Format, shape.Rows, basis.Rank);
        var right = left.t().mm(tensor.detach().reshape(shape.Rows, shape.Columns));
        WeightSchema.RequireFinite(basis.Name, right, "the compressed delta");
        return new ProductTensor(
            basis.Name,
            basis.Shape,
            basis.Rank,
            basis.Left,
            ValueCodec.Encode(right, basis.Format)
        )
        {
            Format = basis.Format,
        };
    }

    private string? FactorProblem(CompressedTensor tensor)
    {
        if (tensor is not LeftFactorTensor factor)
            return $"Tensor '{tensor.Name}' must come as a left factor; it is a {tensor.GetType().Name}.";
        if (factor.Rank != _rank)
            return $"Tensor '{tensor.Name}' has rank {factor.Rank}; the round's is {_rank}.";
        return factor.Format == format
            ? null
            : $"Tensor '{tensor.Name}' is in {factor.Format}; the round's format is {format}.";
    }
}

/// <summary>
/// PowerSGD's payloads leave the basis out, since everyone who took part has it; this takes it off and puts it on
/// again. Value arrays are shared, not copied.
/// </summary>
public static class PowerSgdPayload
{
    /// <summary>What travels in phase two: <c>Q_n</c> for every product, the other tensors as they are.</summary>
    /// <param name="update">An update of <see cref="PowerSgdExchange.Pack"/>, or a mean of such.</param>
    public static CompressedDelta WithoutBasis(CompressedDelta update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return new CompressedDelta([
            .. update.Tensors.Select(tensor =>
                tensor is ProductTensor product
                    ? new RightFactorTensor(product.Name, product.Shape, product.Rank, product.Right)
                    {
                        Format = product.Format,
                    }
                    : tensor
            ),
        ]);
    }

    /// <summary>The update <c>P Q_nᵀ</c> that a payload of phase two stands for.</summary>
    /// <param name="payload">The payload; <see cref="PowerSgdExchange.Check"/> says beforehand whether it fits.</param>
    /// <param name="basis">The basis of its round.</param>
    /// <exception cref="ArgumentException">They do not fit; the message names the tensor.</exception>
    public static CompressedDelta WithBasis(CompressedDelta payload, CompressedDelta basis)
    {
        ArgumentNullException.ThrowIfNull(payload);
        var byName = ByName(basis);
        return new CompressedDelta([
            .. payload.Tensors.Select(tensor => WithBasis(tensor, byName.GetValueOrDefault(tensor.Name))),
        ]);
    }

    /// <summary>The update that a payload stands for, whether it is relative to a basis or not.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="basis">The basis of its round; null when it needs none.</param>
    /// <exception cref="ArgumentException">They do not fit; the message names the tensor.</exception>
    public static CompressedDelta Joined(CompressedDelta payload, CompressedDelta? basis) =>
        basis is null ? payload : WithBasis(payload, basis);

    /// <summary>The factors of a basis.</summary>
    /// <exception cref="ArgumentException">A tensor is no left factor, or a name comes twice.</exception>
    internal static Dictionary<string, LeftFactorTensor> ByName(CompressedDelta basis)
    {
        ArgumentNullException.ThrowIfNull(basis);
        return basis.Tensors.ToDictionary(
            tensor => tensor.Name,
            tensor =>
                tensor as LeftFactorTensor
                ?? throw new ArgumentException(
                    $"Tensor '{tensor.Name}' of the basis is no left factor.",
                    nameof(basis)
                ),
            StringComparer.Ordinal
        );
    }

    /// <summary>
    /// Why a tensor of phase two does not fit its factor of the basis, which is null for a weight that goes whole; null
    /// when it fits.
    /// </summary>
    internal static string? FindProblem(CompressedTensor tensor, LeftFactorTensor? basis) =>
        (tensor, basis) switch
        {
            (DenseTensor, null) => null,
            (_, null) => $"Tensor '{tensor.Name}' has no basis and must come whole; it is a {tensor.GetType().Name}.",
            (RightFactorTensor right, _) when right.Rank != basis.Rank =>
                $"Tensor '{tensor.Name}' has rank {right.Rank}; its basis has {basis.Rank}.",
            (RightFactorTensor right, _) when right.Format != basis.Format =>
                $"Tensor '{tensor.Name}' is in {right.Format}; its basis is in {basis.Format}.",
            (RightFactorTensor right, _) when !right.Shape.AsSpan().SequenceEqual(basis.Shape) =>
                $"Tensor '{tensor.Name}' has another shape than its basis.",
            (RightFactorTensor, _) => null,
            _ => $"Tensor '{tensor.Name}' must come as the right factor of its basis; it is a {tensor.GetType().Name}.",
        };

    private static CompressedTensor WithBasis(CompressedTensor tensor, LeftFactorTensor? basis)
    {
        if (FindProblem(tensor, basis) is { } problem)
            throw new ArgumentException(problem, nameof(tensor));
        return tensor is RightFactorTensor right
            ? new ProductTensor(right.Name, right.Shape, right.Rank, basis!.Left, right.Right) { Format = right.Format }
            : tensor;
    }
}
