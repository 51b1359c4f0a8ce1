namespace Dmkd.Core.Specialization;

/// <summary>Entropies of an expert's predictions, summed so that batches and nodes can be added up (proposal 3.3).</summary>
/// <param name="Total">Sum over inputs of <c>-Σ_y p(y|x) ln p(y|x)</c>, in nats.</param>
/// <param name="Count">Number of inputs, N.</param>
public readonly record struct EntropySum(double Total, long Count)
{
    /// <summary>The mean, <c>H_k</c>, in [0, ln C] for C classes.</summary>
    /// <exception cref="InvalidOperationException">There are no inputs.</exception>
    public double Mean => Count > 0 ? Total / Count : throw new InvalidOperationException("The mean entropy of no inputs is undefined.");

    /// <summary>Adds the sums of two disjoint sets of inputs.</summary>
    public static EntropySum operator +(EntropySum left, EntropySum right) => left.Add(right);

    /// <summary>Adds the sum of another set of inputs, disjoint from this one.</summary>
    public EntropySum Add(EntropySum other) => new(Total + other.Total, Count + other.Count);
}
