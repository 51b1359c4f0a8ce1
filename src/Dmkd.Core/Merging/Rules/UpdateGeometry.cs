using Dmkd.Core.Tensors;

namespace Dmkd.Core.Merging.Rules;

/// <summary>
/// What a linear rule may look at: how long updates are and how far apart they lie. Measured when first asked for, in
/// float64 and a fixed order.
/// </summary>
public sealed class UpdateGeometry
{
    private readonly Lazy<IReadOnlyList<UpdateNorms>> _norms;
    private readonly Lazy<double[,]> _distances;

    /// <summary>Of updates.</summary>
    /// <param name="updates">Of the same names and shapes, float32. Borrowed as long as this is asked.</param>
    public UpdateGeometry(IReadOnlyList<WeightSet> updates)
    {
        ArgumentNullException.ThrowIfNull(updates);
        Count = updates.Count;
        _norms = new(() => [.. updates.Select(UpdateNorms.Of)]);
        _distances = new(() => DistancesOf(updates));
    }

    /// <summary>Of updates that only their norms are known of.</summary>
    internal UpdateGeometry(IReadOnlyList<UpdateNorms> norms)
    {
        Count = norms.Count;
        _norms = new(norms);
        _distances = new(() => throw new InvalidOperationException("Only the norms of these updates are known."));
    }

    /// <summary>Number of updates.</summary>
    public int Count { get; }

    /// <summary>Their norms.</summary>
    public IReadOnlyList<UpdateNorms> Norms => _norms.Value;

    /// <summary>
    /// Squared L2 distance of two updates over the weights that are trained: running statistics are of another scale
    /// and would drown them.
    /// </summary>
    /// <returns>Infinity where a value is not finite.</returns>
    public double SquaredDistance(int one, int other) => _distances.Value[one, other];

    private static double[,] DistancesOf(IReadOnlyList<WeightSet> updates)
    {
        double[,] distances = new double[updates.Count, updates.Count];
        for (int i = 0; i < updates.Count; i++)
        for (int j = 0; j < i; j++)
            distances[i, j] = distances[j, i] = SquaredDistance(updates[i], updates[j]);
        return distances;
    }

    private static double SquaredDistance(WeightSet one, WeightSet other)
    {
        double sum = 0;
        foreach (var (name, tensor) in one)
            if (!RunningStatistics.Contains(name))
                sum += SquareSum.OfDifference(tensor, other[name]);
        return double.IsNaN(sum) ? double.PositiveInfinity : sum; // NaN would sort before all numbers
    }
}
