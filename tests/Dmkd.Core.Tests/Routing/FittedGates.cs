using Dmkd.Core.Routing;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Routing;

/// <summary>Gates with parameters by hand.</summary>
internal static class FittedGates
{
    /// <summary>The gate <c>hybrid</c> with an MLP of one's own.</summary>
    public static IGate Hybrid(PairScorerWeights scorer)
    {
        var parameters = ScorerGate.ToParameters("hybrid", scorer, [new ExpertProfile([0], 0, 1)], [1]);
        return new HybridGate(new GateOptions("hybrid")).Fitted(parameters, [0, 0, 0]);
    }
}

/// <summary>A batch whose scores and descriptors are known.</summary>
internal sealed class KnownScores(ExemplarScores known) : IBatchScores
{
    public int Count => known.Labels.Length;

    public IReadOnlyList<ExpertView> Experts { get; } =
    [.. known.Experts.Select(expert => expert with { ClassScores = [] })];

    public float[] ScoresOf(int expert) => known.Experts[expert].ClassScores;

    public (float[] Scores, Tensor Features) ScoresAndFeaturesOf(int expert) =>
        throw new NotSupportedException("These experts have no features.");

    public float[] GateLogitsOf(int expert) => throw new NotSupportedException("There is no gate network.");

    public double[] Descriptors() => known.Descriptors;
}
