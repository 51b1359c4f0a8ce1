namespace Dmkd.Core.Routing;

/// <summary>What a fitted gate scores of one pair (expert, input). No other expert enters.</summary>
public static class PairFeatures
{
    /// <summary>Number of features that the gate <c>hybrid</c> scores.</summary>
    public const int EvidenceCount = 7;

    /// <summary>For <c>mlp</c>: the descriptors of expert and input, and how far apart they are.</summary>
    /// <param name="expert">The expert.</param>
    /// <param name="input">The input's descriptor.</param>
    /// <param name="spread">Standard deviation of each number of descriptors, above 0.</param>
    /// <param name="features">Receives twice the descriptor's length, and one.</param>
    public static void OfDescriptors(ExpertProfile expert, ReadOnlySpan<double> input, ReadOnlySpan<double> spread, Span<double> features)
    {
        ArgumentNullException.ThrowIfNull(expert);
        expert.Descriptor.CopyTo(features);
        input.CopyTo(features[input.Length..]);
        features[2 * input.Length] = Distance(expert.Descriptor, input, spread);
    }

    /// <summary>
    /// For <c>hybrid</c>: the expert's largest score, the same in deviations from what it gives to its own exemplars, its energy above the largest
    /// score, its entropy, its margin over the second, its mean score, and the distance of descriptors.
    /// </summary>
    /// <param name="expert">The expert.</param>
    /// <param name="classScores">Its scores of all its classes, at least one.</param>
    /// <param name="input">The input's descriptor.</param>
    /// <param name="spread">Standard deviation of each number of descriptors, above 0.</param>
    /// <param name="features">Receives <see cref="EvidenceCount"/> numbers.</param>
    public static void OfEvidence(
        ExpertProfile expert, ReadOnlySpan<double> classScores, ReadOnlySpan<double> input, ReadOnlySpan<double> spread, Span<double> features)
    {
        ArgumentNullException.ThrowIfNull(expert);
        double best = double.NegativeInfinity, second = double.NegativeInfinity, sum = 0;
        foreach (double score in classScores)
        {
            if (score > best) (best, second) = (score, best);
            else second = Math.Max(second, score);
            sum += score;
        }

        features[0] = best;
        features[1] = (best - expert.EvidenceMean) / expert.EvidenceSpread;
        features[2] = Softmax.LogSumExp(classScores) - best;
        features[3] = Softmax.Entropy(classScores);
        features[4] = classScores.Length > 1 ? best - second : 0;
        features[5] = sum / classScores.Length;
        features[6] = Distance(expert.Descriptor, input, spread);
    }

    /// <summary>Root mean square difference in standard deviations.</summary>
    private static double Distance(ReadOnlySpan<double> expert, ReadOnlySpan<double> input, ReadOnlySpan<double> spread)
    {
        double sum = 0;
        for (int i = 0; i < expert.Length; i++) sum += Math.Pow((input[i] - expert[i]) / spread[i], 2);
        return Math.Sqrt(sum / expert.Length);
    }
}
