using Dmkd.Core.Numerics;

namespace Dmkd.Core.Routing;

/// <summary>
/// Scores the expert's evidence for the input beside the distance of their descriptors (proposal 3.3, <c>hybrid</c>).
/// </summary>
public sealed class HybridGate : ScorerGate
{
    /// <summary>Name by which options choose it.</summary>
    public const string GateName = "hybrid";

    /// <summary>Number of features of a pair.</summary>
    internal const int FeatureCount = 7;

    /// <summary>Makes a gate that is not fitted yet.</summary>
    /// <param name="options">Weight of H_k in routing and seed of the fit.</param>
    public HybridGate(GateOptions options)
        : base(options) { }

    private HybridGate(GateOptions options, GateParameters parameters, IReadOnlyList<int> places)
        : base(options, parameters, places) { }

    /// <inheritdoc/>
    public override string Name => GateName;

    /// <inheritdoc/>
    public override bool ChoosesFirst => false;

    /// <inheritdoc/>
    public override IGate Fitted(GateParameters parameters, IReadOnlyList<int> places) =>
        new HybridGate(Options, parameters, places);

    /// <summary>
    /// The expert's largest score, the same in deviations from what it gives to its own exemplars, its energy above the
    /// largest score, its entropy, its margin over the second, its mean score, and the distance of descriptors.
    /// </summary>
    /// <param name="expert">The expert.</param>
    /// <param name="classScores">Its scores of all its classes, at least one.</param>
    /// <param name="input">The input's descriptor.</param>
    /// <param name="spread">Standard deviation of each number of descriptors, above 0.</param>
    /// <param name="features">Receives <see cref="FeatureCount"/> numbers.</param>
    internal static void Write(
        ExpertProfile expert,
        ReadOnlySpan<double> classScores,
        ReadOnlySpan<double> input,
        ReadOnlySpan<double> spread,
        Span<double> features
    )
    {
        double best = double.NegativeInfinity,
            second = double.NegativeInfinity,
            sum = 0;
        foreach (double score in classScores)
        {
            if (score > best)
                (best, second) = (score, best);
            else
                second = Math.Max(second, score);
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

    private protected override int WidthOf(int descriptorLength) => FeatureCount;

    private protected override void Describe(
        ExpertProfile expert,
        ReadOnlySpan<double> classScores,
        ReadOnlySpan<double> input,
        ReadOnlySpan<double> spread,
        Span<double> features
    ) => Write(expert, classScores, input, spread, features);
}
