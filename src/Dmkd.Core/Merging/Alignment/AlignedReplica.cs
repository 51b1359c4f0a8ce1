using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Alignment;

/// <summary>A replica whose units stand in the order of a reference's. Owns its weights.</summary>
public sealed class AlignedReplica : IDisposable
{
    internal AlignedReplica(
        WeightSet weights,
        UnitPermutation permutation,
        IReadOnlyDictionary<string, double> correlations,
        double meanCorrelation
    )
    {
        Weights = weights;
        Permutation = permutation;
        Correlations = correlations;
        MeanCorrelation = meanCorrelation;
    }

    /// <summary>The replica's weights in their new order: the same function as before. Owned by this object.</summary>
    public WeightSet Weights { get; }

    /// <summary>For each unit of the reference the replica's unit that was put in its place.</summary>
    public UnitPermutation Permutation { get; }

    /// <summary>
    /// By space name: the mean correlation of the reference's units with those put in their places, in [-1, 1].
    /// </summary>
    public IReadOnlyDictionary<string, double> Correlations { get; }

    /// <summary>The mean over all units of all spaces, in [-1, 1].</summary>
    public double MeanCorrelation { get; }

    /// <summary>Disposes the weights.</summary>
    public void Dispose() => Weights.Dispose();
}

/// <summary>Sums over the activations of one unit space of two networks, batch by batch in float64.</summary>
/// <param name="width">Units of the space.</param>
internal sealed class CorrelationSums(int width)
{
    // DIMAT's: a unit that never changes has correlation 0 with every other.
    private const double MinDeviation = 1e-7;
    private readonly double[] _products = new double[width * width];
    private readonly double[] _referenceSums = new double[width];
    private readonly double[] _otherSums = new double[width];
    private readonly double[] _referenceSquares = new double[width];
    private readonly double[] _otherSquares = new double[width];
    private long _samples;

    /// <summary>Adds a batch.</summary>
    /// <param name="reference">Activations, float64, shape [units, samples]. Borrowed.</param>
    /// <param name="other">The other network's for the same inputs and positions. Borrowed.</param>
    public void Add(Tensor reference, Tensor other)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Accumulate(_products, reference.mm(other.t()));
        Accumulate(_referenceSums, reference.sum(1));
        Accumulate(_otherSums, other.sum(1));
        Accumulate(_referenceSquares, reference.square().sum(1));
        Accumulate(_otherSquares, other.square().sum(1));
        _samples += reference.shape[1];
    }

    /// <summary>Covariance over the product of the deviations, which is at least 1e-7.</summary>
    /// <returns>Shape [units of the reference, units of the other], in [-1, 1] but for rounding.</returns>
    public double[,] Correlation()
    {
        double[] referenceDeviations = Deviations(_referenceSums, _referenceSquares),
            otherDeviations = Deviations(_otherSums, _otherSquares);
        double[,] correlation = new double[width, width];
        for (int unit = 0; unit < width; unit++)
        {
            for (int match = 0; match < width; match++)
            {
                double covariance =
                    _products[unit * width + match] / _samples
                    - _referenceSums[unit] / _samples * (_otherSums[match] / _samples);
                correlation[unit, match] =
                    covariance / Math.Max(referenceDeviations[unit] * otherDeviations[match], MinDeviation);
            }
        }

        return correlation;
    }

    private double[] Deviations(double[] sums, double[] squares) =>
        [
            .. sums.Zip(
                squares,
                (sum, square) => Math.Sqrt(Math.Max(0, square / _samples - sum / _samples * (sum / _samples)))
            ),
        ];

    private static void Accumulate(double[] totals, Tensor batch)
    {
        double[] values = TensorValues.ToDoubles(batch);
        for (int i = 0; i < totals.Length; i++)
            totals[i] += values[i];
    }
}
