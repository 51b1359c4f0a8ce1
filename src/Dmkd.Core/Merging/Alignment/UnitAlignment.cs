using Dmkd.Core.Models;
using Dmkd.Core.Numerics;
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
