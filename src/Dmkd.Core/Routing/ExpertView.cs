namespace Dmkd.Core.Routing;

/// <summary>What the router knows of one expert and a batch.</summary>
/// <param name="Classes">The data set's class index of each of its outputs.</param>
/// <param name="MeanEntropy">Its H_k, in nats.</param>
/// <param name="ClassScores">Its class scores, shape [batch, classes], row-major. Rows of inputs that it does not
/// answer are not read where the gate chooses first.</param>
/// <param name="GateScores">The gate network's logits of the same classes, of the same shape; null without a gate
/// network.</param>
/// <param name="Features">What a fitted gate scores, shape [batch, features]; null for others.</param>
public sealed record ExpertView(
    IReadOnlyList<int> Classes,
    double MeanEntropy,
    float[] ClassScores,
    float[]? GateScores = null,
    double[]? Features = null
)
{
    /// <summary>The expert with a number added to all its class scores of an input.</summary>
    /// <param name="shifts">One number per input.</param>
    public ExpertView Shifted(double[] shifts)
    {
        ArgumentNullException.ThrowIfNull(shifts);
        float[] scores = new float[ClassScores.Length];
        for (int i = 0; i < scores.Length; i++)
            scores[i] = (float)(ClassScores[i] + shifts[i / Classes.Count]);
        return this with { ClassScores = scores };
    }
}

/// <summary>One expert and one input, as a gate scores them.</summary>
/// <param name="Expert">The expert and the batch.</param>
/// <param name="Outputs">The outputs whose classes are candidates, at least one.</param>
/// <param name="Input">Place of the input in the batch.</param>
/// <param name="Batch">Number of inputs.</param>
public readonly record struct ExpertInput(ExpertView Expert, int[] Outputs, int Input, int Batch)
{
    /// <summary>The expert's scores of the candidate classes.</summary>
    public double[] Scores() => Row(Expert.ClassScores);

    /// <summary>The gate network's logits of the candidate classes.</summary>
    /// <exception cref="InvalidOperationException">There is no gate network.</exception>
    public double[] GateLogits()
    {
        float[] all =
            Expert.GateScores
            ?? throw new InvalidOperationException("This gate asks a gate network, and the library has none.");
        return Row(all);
    }

    /// <summary>Features of the pair.</summary>
    /// <exception cref="InvalidOperationException">The experts come without.</exception>
    public double[] Features()
    {
        double[] all =
            Expert.Features
            ?? throw new InvalidOperationException("This gate scores features, and the experts come without.");
        int width = all.Length / Batch;
        return all[(Input * width)..((Input + 1) * width)];
    }

    private double[] Row(float[] all)
    {
        int width = Expert.Classes.Count;
        double[] scores = new double[Outputs.Length];
        for (int c = 0; c < scores.Length; c++)
            scores[c] = all[Input * width + Outputs[c]];
        return scores;
    }
}
