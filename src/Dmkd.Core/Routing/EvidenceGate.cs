namespace Dmkd.Core.Routing;

/// <summary>The expert's own evidence for the input: its largest class score (proposal 3.3, <c>evidence</c>). Needs no exemplars.</summary>
public sealed class EvidenceGate : IGate
{
    /// <inheritdoc/>
    public string Name => "evidence";

    /// <inheritdoc/>
    public double Score(ReadOnlySpan<double> classScores)
    {
        double best = double.NegativeInfinity;
        foreach (double score in classScores) best = Math.Max(best, score);
        return best;
    }
}
