namespace Dmkd.Core.Routing;

/// <summary>What the router knows of one expert and a batch.</summary>
/// <param name="Classes">The data set's class index of each of its outputs.</param>
/// <param name="MeanEntropy">Its H_k, in nats.</param>
/// <param name="ClassScores">Its class scores, shape [batch, classes], row-major.</param>
public sealed record ExpertView(IReadOnlyList<int> Classes, double MeanEntropy, float[] ClassScores);
