using System.ComponentModel.DataAnnotations;
using System.Numerics;
using System.Runtime.InteropServices;
using Dmkd.Core.Numerics;
using static Dmkd.Core.Routing.PairScorer;

namespace Dmkd.Core.Routing;

/// <summary>
/// The proposal's G_θ: z_k(x) of one pair (expert, input), by a two-layer MLP with rectified hidden units (proposal
/// 3.3). It sees one expert at a time, so that a new expert changes neither its shape nor the scores of the others.
/// </summary>
public sealed class PairScorer
{
    private readonly PairScorerWeights _weights;

    /// <summary>Takes over fitted parameters.</summary>
    /// <exception cref="ArgumentException">Their sizes do not fit together.</exception>
    public PairScorer(PairScorerWeights weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        int features = weights.Centre.Length,
            hidden = weights.Bias.Length;
        if (
            weights.Spread.Length != features
            || weights.First.Length != features * hidden
            || weights.Second.Length != hidden
        )
            throw new ArgumentException(
                $"A scorer of {features} features and {hidden} hidden units cannot have "
                    + $"{weights.Spread.Length} spreads and layers of {weights.First.Length} and "
                    + $"{weights.Second.Length} weights.",
                nameof(weights)
            );
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
            AddScaled(
                hidden,
                (features[f] - _weights.Centre[f]) / _weights.Spread[f],
                _weights.First.AsSpan(f * hidden.Length, hidden.Length)
            );
        double score = 0;
        for (int h = 0; h < hidden.Length; h++)
            score += Math.Max(0, hidden[h]) * _weights.Second[h];
        return score;
    }

    /// <summary>
    /// target += factor · row; each element has one sum of its own, so its order is the same on every processor.
    /// </summary>
    internal static void AddScaled(Span<double> target, double factor, ReadOnlySpan<double> row)
    {
        var wide = MemoryMarshal.Cast<double, Vector<double>>(target);
        var wideRow = MemoryMarshal.Cast<double, Vector<double>>(row);
        for (int i = 0; i < wide.Length; i++)
            wide[i] += factor * wideRow[i];
        for (int i = wide.Length * Vector<double>.Count; i < target.Length; i++)
            target[i] += factor * row[i];
    }
}

/// <summary>The parameters θ of the proposal's G_θ: a two-layer MLP over features of a pair (expert, input).</summary>
/// <param name="Centre">Subtracted from each feature.</param>
/// <param name="Spread">Divides each feature then, above 0.</param>
/// <param name="First">First layer, shape [features, hidden], row-major.</param>
/// <param name="Bias">Bias of the hidden units.</param>
/// <param name="Second">Second layer, shape [hidden]. It has no bias: a constant is nothing to a softmax.</param>
public sealed record PairScorerWeights(
    double[] Centre,
    double[] Spread,
    double[] First,
    double[] Bias,
    double[] Second
);

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

/// <summary>
/// Fits a <see cref="PairScorer"/> on exemplars: cross-entropy of softmax_k(c_k + z_k(x)) against the expert that knows
/// the exemplar's class, by Adam over all exemplars at once. In float64 and in a fixed order: same input, same
/// parameters.
/// </summary>
public static class PairScorerFit
{
    private const double FirstDecay = 0.9,
        SecondDecay = 0.999,
        Tiny = 1e-8;

    /// <summary>Fits.</summary>
    /// <param name="features">Features of every pair, shape [exemplars, experts, features], row-major.
    /// Borrowed.</param>
    /// <param name="offsets">What each expert has beside its score, -β·H_k; shape [experts].</param>
    /// <param name="rightExpert">Expert that knows the class of each exemplar, at least one exemplar.</param>
    /// <param name="options">Settings.</param>
    /// <exception cref="ArgumentException">There is no exemplar, or the sizes do not fit together.</exception>
    public static PairScorerWeights Fit(
        double[] features,
        double[] offsets,
        int[] rightExpert,
        PairScorerOptions options
    )
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(offsets);
        ArgumentNullException.ThrowIfNull(rightExpert);
        ArgumentNullException.ThrowIfNull(options);
        int pairs = rightExpert.Length * offsets.Length;
        if (pairs == 0)
            throw new ArgumentException("A gate needs at least one exemplar and one expert.", nameof(rightExpert));
        if (features.Length % pairs != 0)
            throw new ArgumentException(
                $"{pairs} pairs cannot have {features.Length} features in all.",
                nameof(features)
            );

        int count = features.Length / pairs,
            hidden = options.Hidden;
        var (centre, spread, scaled) = Standardise(features, count);
        // One vector of all parameters: first layer, bias, second layer.
        double[] parameters = First(count, hidden, options.Seed),
            gradient = new double[parameters.Length];
        double[] mean = new double[parameters.Length],
            square = new double[parameters.Length];
        for (int step = 1; step <= options.Steps; step++)
        {
            Array.Clear(gradient);
            AddGradient(scaled, offsets, rightExpert, count, hidden, parameters, gradient);
            double rate = options.LearningRate * (1 + Math.Cos(Math.PI * (step - 1) / options.Steps)) / 2;
            for (int i = 0; i < parameters.Length; i++)
            {
                mean[i] = FirstDecay * mean[i] + (1 - FirstDecay) * gradient[i];
                square[i] = SecondDecay * square[i] + (1 - SecondDecay) * gradient[i] * gradient[i];
                double move =
                    mean[i]
                    / (1 - Math.Pow(FirstDecay, step))
                    / (Math.Sqrt(square[i] / (1 - Math.Pow(SecondDecay, step))) + Tiny);
                parameters[i] -= rate * (move + options.WeightDecay * parameters[i]);
            }
        }

        int layer = count * hidden;
        return new PairScorerWeights(
            centre,
            spread,
            parameters[..layer],
            parameters[layer..(layer + hidden)],
            parameters[(layer + hidden)..]
        );
    }

    private static (double[] Centre, double[] Spread, double[] Scaled) Standardise(double[] features, int count)
    {
        int pairs = features.Length / count;
        double[] centre = new double[count],
            spread = new double[count];
        for (int i = 0; i < features.Length; i++)
            centre[i % count] += features[i] / pairs;
        for (int i = 0; i < features.Length; i++)
            spread[i % count] += Math.Pow(features[i] - centre[i % count], 2) / pairs;
        for (int f = 0; f < count; f++)
            spread[f] = spread[f] > Tiny * Tiny ? Math.Sqrt(spread[f]) : 1; // a constant says nothing
        return (centre, spread, [.. features.Select((value, i) => (value - centre[i % count]) / spread[i % count])]);
    }

    /// <summary>
    /// He's first weights for the first layer; the second starts small, so that the first answer is about even.
    /// </summary>
    private static double[] First(int count, int hidden, int seed)
    {
        var random = new Random(seed);
        double[] parameters = new double[count * hidden + 2 * hidden];
        for (int i = 0; i < count * hidden; i++)
            parameters[i] = Normal(random) * Math.Sqrt(2.0 / count);
        for (int h = 0; h < hidden; h++)
            parameters[count * hidden + hidden + h] = Normal(random) / hidden;
        return parameters;
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static void AddGradient(
        double[] features,
        double[] offsets,
        int[] right,
        int count,
        int hidden,
        double[] parameters,
        double[] gradient
    )
    {
        int experts = offsets.Length,
            bias = count * hidden,
            second = bias + hidden;
        double[] units = new double[experts * hidden],
            scores = new double[experts],
            back = new double[hidden];
        for (int i = 0; i < right.Length; i++)
        {
            for (int k = 0; k < experts; k++)
            {
                var own = units.AsSpan(k * hidden, hidden);
                parameters.AsSpan(bias, hidden).CopyTo(own);
                for (int f = 0; f < count; f++)
                    AddScaled(own, features[(i * experts + k) * count + f], parameters.AsSpan(f * hidden, hidden));
                scores[k] = offsets[k];
                for (int h = 0; h < hidden; h++)
                    scores[k] += Math.Max(0, own[h]) * parameters[second + h];
            }

            Softmax.Apply(scores, scores);
            for (int k = 0; k < experts; k++)
            {
                double error = (scores[k] - (k == right[i] ? 1 : 0)) / right.Length;
                for (int h = 0; h < hidden; h++)
                {
                    double unit = units[k * hidden + h];
                    gradient[second + h] += error * Math.Max(0, unit);
                    back[h] = unit > 0 ? error * parameters[second + h] : 0;
                    gradient[bias + h] += back[h];
                }

                for (int f = 0; f < count; f++)
                    AddScaled(gradient.AsSpan(f * hidden, hidden), features[(i * experts + k) * count + f], back);
            }
        }
    }
}
