using static TorchSharp.torch;

namespace Dmkd.Core.Training;

/// <summary>
/// How sure an expert is of its answers: the specialization metric <c>H_k</c> (proposal 3.3), low where it knows the
/// data.
/// </summary>
public static class EntropyMetric
{
    /// <summary>Sums the entropies of predictions, in float64, with <c>0 ln 0 = 0</c>.</summary>
    /// <param name="probabilities">Shape [inputs, classes], rows that sum to 1. Borrowed.</param>
    /// <returns>Sum and number of inputs; its mean is <c>H_k</c>.</returns>
    /// <exception cref="ArgumentException">The tensor has another number of axes, or a value that is no
    /// probability.</exception>
    public static EntropySum Sum(Tensor probabilities)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        if (probabilities.dim() != 2)
            throw new ArgumentException(
                $"probabilities must have 2 axes, [inputs, classes]; they have {probabilities.dim()}.",
                nameof(probabilities)
            );
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        // entr(p) is -p ln p, 0 at 0, and minus infinity below, so a bad value cannot hide in the sum.
        double total = special.entr(probabilities.detach().to(ScalarType.Float64)).sum().item<double>();
        if (!double.IsFinite(total))
            throw new ArgumentException(
                $"probabilities must be in [0, 1]; their entropy is {total}.",
                nameof(probabilities)
            );
        return new EntropySum(total, probabilities.shape[0]);
    }
}

/// <summary>
/// Entropies of an expert's predictions, summed so that batches and nodes can be added up (proposal 3.3).
/// </summary>
/// <param name="Total">Sum over inputs of <c>-Σ_y p(y|x) ln p(y|x)</c>, in nats.</param>
/// <param name="Count">Number of inputs, N.</param>
public readonly record struct EntropySum(double Total, long Count)
{
    /// <summary>The mean, <c>H_k</c>, in [0, ln C] for C classes.</summary>
    /// <exception cref="InvalidOperationException">There are no inputs.</exception>
    public double Mean =>
        Count > 0 ? Total / Count : throw new InvalidOperationException("The mean entropy of no inputs is undefined.");

    /// <summary>Adds the sums of two disjoint sets of inputs.</summary>
    public static EntropySum operator +(EntropySum left, EntropySum right) => left.Add(right);

    /// <summary>Adds the sum of another set of inputs, disjoint from this one.</summary>
    public EntropySum Add(EntropySum other) => new(Total + other.Total, Count + other.Count);
}
