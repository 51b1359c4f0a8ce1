namespace Dmkd.Core.Routing;

/// <summary>The scores of evidence by name, and their formulas.</summary>
public static class EvidenceScores
{
    /// <summary>The scores.</summary>
    public static Registry<EvidenceScore> Known { get; } = new("score");

    /// <summary>Names of the scores.</summary>
    public static IReadOnlyList<string> Names => Known.Names;

    /// <summary>Finds a score.</summary>
    /// <exception cref="ArgumentException">No score has the name; the message lists those there are.</exception>
    public static EvidenceScore Find(string name) => Known.Find(name);

    /// <summary>An expert's evidence for one input.</summary>
    /// <param name="score">The formula.</param>
    /// <param name="classScores">Its scores of the classes, at least one.</param>
    public static double Of(EvidenceScore score, ReadOnlySpan<double> classScores)
    {
        double best = double.NegativeInfinity;
        foreach (double value in classScores) best = Math.Max(best, value);
        return score switch
        {
            EvidenceScore.Energy => Softmax.LogSumExp(classScores),
            EvidenceScore.Probability => Math.Exp(best - Softmax.LogSumExp(classScores)),
            _ => best,
        };
    }
}
