using Dmkd.Core.Models;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Alignment;

/// <summary>Compares what the units of two networks of one architecture do (Saadati et al. 2024, DIMAT).</summary>
public static class ActivationStatistics
{
    /// <summary>
    /// Correlates the activations of every unit of one network with those of every unit of the other in the same space,
    /// over inputs and positions: after the ReLU, a residual stream at the end of its stage. A unit that never changes
    /// correlates with none.
    /// </summary>
    /// <param name="reference">Run in eval mode. Borrowed: its mode is restored.</param>
    /// <param name="other">A network of the same architecture on the same device. As
    /// <paramref name="reference"/>.</param>
    /// <param name="inputs">Shape [n, channels, height, width] with n at least 2, float32, normalised, on the networks'
    /// device. Borrowed.</param>
    /// <param name="batchSize">Most inputs of a batch, at least 1. Memory holds the activations of one batch.</param>
    /// <returns>By space name: shape [width, width], a row for each unit of the reference, a column for each of the
    /// other, in [-1, 1].</returns>
    /// <exception cref="ArgumentException">The architectures differ, the inputs are not as described, or an activation
    /// is not finite.</exception>
    /// <exception cref="NotSupportedException">Networks of this family cannot be observed; the message names
    /// it.</exception>
    public static IReadOnlyDictionary<string, double[,]> Correlate(
        Network reference,
        Network other,
        Tensor inputs,
        int batchSize
    )
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(other);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (!reference.Architecture.Equals(other.Architecture))
            throw new ArgumentException(
                $"other must be a {reference.Architecture} like reference, but is a {other.Architecture}.",
                nameof(other)
            );
        if (inputs.dim() != 4 || inputs.shape[0] < 2)
            throw new ArgumentException(
                $"inputs must be [n, channels, height, width], n at least 2, but are {WeightSchema.Text(inputs.shape)}.",
                nameof(inputs)
            );

        var sums = reference.Architecture.UnitSpaces.ToDictionary(
            space => space.Name,
            space => new CorrelationSums(space.Width),
            StringComparer.Ordinal
        );
        bool referenceWasTraining = reference.training,
            otherWasTraining = other.training;
        reference.eval();
        other.eval();
        try
        {
            for (long start = 0; start < inputs.shape[0]; start += batchSize)
                AddBatch(sums, reference, other, (inputs, start, Math.Min(batchSize, inputs.shape[0] - start)));
        }
        finally
        {
            reference.train(referenceWasTraining);
            other.train(otherWasTraining);
        }

        return sums.ToDictionary(
            pair => pair.Key,
            pair => Finite(pair.Key, pair.Value.Correlation()),
            StringComparer.Ordinal
        );
    }

    private static void AddBatch(
        Dictionary<string, CorrelationSums> sums,
        Network reference,
        Network other,
        (Tensor Inputs, long Start, long Length) batch
    )
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var inputs = batch.Inputs.narrow(0, batch.Start, batch.Length);
        Dictionary<string, Tensor> activations = new(StringComparer.Ordinal);
        ActivationTrace.Run(
            reference,
            inputs,
            (space, units) => activations.Add(space, ByUnit(units).MoveToOtherDisposeScope(scope))
        );
        ActivationTrace.Run(other, inputs, (space, units) => sums[space].Add(activations[space], ByUnit(units)));
    }

    // [batch, units, ...] to [units, samples], in float64.
    private static Tensor ByUnit(Tensor activations) => activations.transpose(0, 1).flatten(1).to(float64);

    private static double[,] Finite(string space, double[,] correlation) =>
        correlation.Cast<double>().All(double.IsFinite)
            ? correlation
            : throw new ArgumentException(
                $"An activation of space '{space}' is not finite: the weights or inputs are not, or are too large."
            );
}
