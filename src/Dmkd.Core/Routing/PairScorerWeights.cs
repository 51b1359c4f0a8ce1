namespace Dmkd.Core.Routing;

/// <summary>The parameters θ of the proposal's G_θ: a two-layer MLP over features of a pair (expert, input).</summary>
/// <param name="Centre">Subtracted from each feature.</param>
/// <param name="Spread">Divides each feature then, above 0.</param>
/// <param name="First">First layer, shape [features, hidden], row-major.</param>
/// <param name="Bias">Bias of the hidden units.</param>
/// <param name="Second">Second layer, shape [hidden]. It has no bias: a constant is nothing to a softmax.</param>
public sealed record PairScorerWeights(double[] Centre, double[] Spread, double[] First, double[] Bias, double[] Second);
