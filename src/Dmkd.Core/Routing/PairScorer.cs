using System.Numerics;
using System.Runtime.InteropServices;

namespace Dmkd.Core.Routing;

/// <summary>
/// The proposal's G_θ: z_k(x) of one pair (expert, input), by a two-layer MLP with rectified hidden units (proposal 3.3). It sees one expert at a
/// time, so that a new expert changes neither its shape nor the scores of the others.
/// </summary>
public sealed class PairScorer
{
    private readonly PairScorerWeights _weights;

    /// <summary>Takes over fitted parameters.</summary>
    /// <exception cref="ArgumentException">Their sizes do not fit together.</exception>
    public PairScorer(PairScorerWeights weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        int features = weights.Centre.Length, hidden = weights.Bias.Length;
        if (weights.Spread.Length != features || weights.First.Length != features * hidden || weights.Second.Length != hidden)
            throw new ArgumentException(
                $"A scorer of {features} features and {hidden} hidden units cannot have {weights.Spread.Length} spreads and layers of {weights.First.Length} and {weights.Second.Length} weights.",
                nameof(weights));
        _weights = weights;
    }

    /// <summary>Number of features of a pair.</summary>
    public int FeatureCount => _weights.Centre.Length;

    /// <summary>Scores a pair.</summary>
    /// <param name="features">Its features, as many as <see cref="FeatureCount"/>.</param>
    public double Score(ReadOnlySpan<double> features)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(features.Length, FeatureCount);
        double[] hidden = [.. _weights.Bias];
        for (int f = 0; f < features.Length; f++)
            AddScaled(hidden, (features[f] - _weights.Centre[f]) / _weights.Spread[f], _weights.First.AsSpan(f * hidden.Length, hidden.Length));
        double score = 0;
        for (int h = 0; h < hidden.Length; h++) score += Math.Max(0, hidden[h]) * _weights.Second[h];
        return score;
    }

    /// <summary>target += factor · row; each element has one sum of its own, so its order is the same on every processor.</summary>
    internal static void AddScaled(Span<double> target, double factor, ReadOnlySpan<double> row)
    {
        var wide = MemoryMarshal.Cast<double, Vector<double>>(target);
        var wideRow = MemoryMarshal.Cast<double, Vector<double>>(row);
        for (int i = 0; i < wide.Length; i++) wide[i] += factor * wideRow[i];
        for (int i = wide.Length * Vector<double>.Count; i < target.Length; i++) target[i] += factor * row[i];
    }
}
