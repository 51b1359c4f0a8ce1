namespace Dmkd.Core.Routing;

/// <summary>What the router knows of one expert and a batch.</summary>
/// <param name="Classes">The data set's class index of each of its outputs.</param>
/// <param name="MeanEntropy">Its H_k, in nats.</param>
/// <param name="ClassScores">Its class scores, shape [batch, classes], row-major. Rows of inputs that it does not answer are not read where the gate chooses first.</param>
/// <param name="GateScores">The gate network's logits of the same classes, of the same shape; null without a gate network.</param>
/// <param name="Features">What a fitted gate scores, or what the expert's discriminant says, shape [batch, features]; null for others.</param>
public sealed record ExpertView(
    IReadOnlyList<int> Classes, double MeanEntropy, float[] ClassScores, float[]? GateScores = null, double[]? Features = null)
{
    /// <summary>The expert with a number added to all its class scores of an input.</summary>
    /// <param name="shifts">One number per input.</param>
    public ExpertView Shifted(double[] shifts)
    {
        ArgumentNullException.ThrowIfNull(shifts);
        float[] scores = new float[ClassScores.Length];
        for (int i = 0; i < scores.Length; i++) scores[i] = (float)(ClassScores[i] + shifts[i / Classes.Count]);
        return this with { ClassScores = scores };
    }
}
