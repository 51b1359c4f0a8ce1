namespace Dmkd.Core.Routing;

/// <summary>Softmax over a few numbers.</summary>
internal static class Softmax
{
    /// <summary>Writes exp(x_i) / Σ exp(x_j), computed without overflow.</summary>
    public static void Apply(ReadOnlySpan<double> logits, Span<double> probabilities)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (double logit in logits) largest = Math.Max(largest, logit);
        for (int i = 0; i < logits.Length; i++) sum += probabilities[i] = Math.Exp(logits[i] - largest);
        for (int i = 0; i < logits.Length; i++) probabilities[i] /= sum;
    }
}
