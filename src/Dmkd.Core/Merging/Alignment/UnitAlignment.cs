using Dmkd.Core.Models;
using Dmkd.Core.Numerics;
using Dmkd.Core.Preservation;
using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Alignment;

/// <summary>
/// Puts the hidden units of one replica in the order of another's before the two are averaged: each unit takes the
/// place of the one whose activations correlate with its own, as many as can (DIMAT, Saadati et al. 2024; proposal
/// 3.4).
/// </summary>
/// <remarks>
/// Replicas of one start keep their order and need none of this; those of different starts have the same units in
/// different places. Units that never change correlate with none and fill the places that are left. DIMAT re-estimates
/// the batch-norm statistics (<see cref="BatchNormStatistics"/>) of every replica before and of the average after.
/// </remarks>
public static class UnitAlignment
{
    /// <summary>Aligns a replica.</summary>
    /// <param name="reference">The network whose order counts. Borrowed: its mode is restored.</param>
    /// <param name="replica">A network of the same architecture on the same device. Borrowed: not changed.</param>
    /// <param name="inputs">Shape [n, channels, height, width] with n at least 2, float32, normalised, on the networks'
    /// device. Borrowed.</param>
    /// <param name="batchSize">Most inputs of a batch, at least 1.</param>
    /// <returns>The replica's weights in the reference's order, owned by the caller.</returns>
    /// <exception cref="ArgumentException">The architectures differ, the inputs are not as described, or an activation
    /// is not finite.</exception>
    /// <exception cref="NotSupportedException">Networks of this architecture cannot be aligned; the message says
    /// why.</exception>
    public static AlignedReplica Align(Network reference, Network replica, Tensor inputs, int batchSize)
    {
        var correlations = ActivationStatistics.Correlate(reference, replica, inputs, batchSize);
        var architecture = reference.Architecture;
        var permutation = Match(architecture, correlations);
        var sums = correlations.ToDictionary(
            pair => pair.Key,
            pair => permutation[pair.Key].Select((unit, place) => pair.Value[place, unit]).Sum(),
            StringComparer.Ordinal
        );
        var means = architecture.UnitSpaces.ToDictionary(
            space => space.Name,
            space => sums[space.Name] / space.Width,
            StringComparer.Ordinal
        );
        double mean =
            architecture.UnitSpaces.Sum(space => sums[space.Name]) / architecture.UnitSpaces.Sum(space => space.Width);
        using var scope = NewDisposeScope();
        using var weights = WeightSet.CopyOf(replica);
        return new AlignedReplica(permutation.Apply(weights), permutation, means, mean);
    }

    /// <summary>The order with the largest sum of correlations.</summary>
    /// <param name="architecture">Describes the networks.</param>
    /// <param name="correlations">By space name: shape [units of the reference, units of the replica].</param>
    internal static UnitPermutation Match(
        NetworkArchitecture architecture,
        IReadOnlyDictionary<string, double[,]> correlations
    )
    {
        var orders = architecture.UnitSpaces.ToDictionary(
            space => space.Name,
            space => new int[space.Width],
            StringComparer.Ordinal
        );
        foreach (var (spaces, chains) in UnitChains.Of(architecture))
        {
            int[] chosen = LinearAssignment.Maximise(Values(spaces, chains, correlations));
            for (int chain = 0; chain < chosen.Length; chain++)
            for (int i = 0; i < spaces.Count; i++)
                orders[spaces[i]][chains[chain][i]] = chains[chosen[chain]][i];
        }

        return new UnitPermutation(
            architecture,
            orders.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<int>)pair.Value, StringComparer.Ordinal)
        );
    }

    private static double[,] Values(
        IReadOnlyList<string> spaces,
        IReadOnlyList<int[]> chains,
        IReadOnlyDictionary<string, double[,]> correlations
    )
    {
        double[,] values = new double[chains.Count, chains.Count];
        for (int row = 0; row < chains.Count; row++)
        {
            for (int column = 0; column < chains.Count; column++)
            for (int i = 0; i < spaces.Count; i++)
                values[row, column] += correlations[spaces[i]][chains[row][i], chains[column][i]];
        }

        return values;
    }
}

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
