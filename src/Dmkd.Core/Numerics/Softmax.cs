namespace Dmkd.Core.Numerics;

/// <summary>Softmax over a few numbers, and what is computed of it.</summary>
internal static class Softmax
{
    /// <summary>Writes exp(x_i) / Σ exp(x_j), computed without overflow.</summary>
    public static void Apply(ReadOnlySpan<double> logits, Span<double> probabilities)
    {
        double largest = double.NegativeInfinity,
            sum = 0;
        foreach (double logit in logits)
            largest = Math.Max(largest, logit);
        for (int i = 0; i < logits.Length; i++)
            sum += probabilities[i] = Math.Exp(logits[i] - largest);
        for (int i = 0; i < logits.Length; i++)
            probabilities[i] /= sum;
    }

    /// <summary>ln Σ exp(x_i), computed without overflow.</summary>
    public static double LogSumExp(ReadOnlySpan<double> logits)
    {
        double most = double.NegativeInfinity,
            sum = 0;
        foreach (double logit in logits)
            most = Math.Max(most, logit);
        foreach (double logit in logits)
            sum += Math.Exp(logit - most);
        return most + Math.Log(sum);
    }

    /// <summary>Entropy of the softmax, in nats.</summary>
    public static double Entropy(ReadOnlySpan<double> logits)
    {
        Span<double> probabilities =
            logits.Length <= 256 ? stackalloc double[logits.Length] : new double[logits.Length];
        Apply(logits, probabilities);
        double entropy = 0;
        foreach (double p in probabilities)
            if (p > 0)
                entropy -= p * Math.Log(p);
        return entropy;
    }
}
