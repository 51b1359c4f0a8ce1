using System.ComponentModel.DataAnnotations;
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

/// <summary>The parameters θ of the proposal's G_θ: a two-layer MLP over features of a pair (expert, input).</summary>
/// <param name="Centre">Subtracted from each feature.</param>
/// <param name="Spread">Divides each feature then, above 0.</param>
/// <param name="First">First layer, shape [features, hidden], row-major.</param>
/// <param name="Bias">Bias of the hidden units.</param>
/// <param name="Second">Second layer, shape [hidden]. It has no bias: a constant is nothing to a softmax.</param>
public sealed record PairScorerWeights(double[] Centre, double[] Spread, double[] First, double[] Bias, double[] Second);

/// <summary>How a <see cref="PairScorer"/> is fitted.</summary>
public sealed record PairScorerOptions
{
    /// <summary>Hidden units. Default: 16.</summary>
    [Range(1, 1024)]
    public int Hidden { get; init; } = 16;

    /// <summary>Steps over all exemplars. Default: 300.</summary>
    [Range(1, 100_000)]
    public int Steps { get; init; } = 300;

    /// <summary>Adam's learning rate at the first step; falls to 0 by a cosine. Default: 0.02.</summary>
    [Range(1e-6, 1)]
    public double LearningRate { get; init; } = 0.02;

    /// <summary>Decoupled weight decay, as a factor of the learning rate. Default: 0.05.</summary>
    [Range(0, 10)]
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Seed of the first weights.</summary>
    public int Seed { get; init; }
}
