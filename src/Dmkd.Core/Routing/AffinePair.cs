namespace Dmkd.Core.Routing;

/// <summary>Brings an expert's class scores to the scale and level of the others': <c>scale · s + shift</c>.</summary>
/// <param name="Scale">a_k, above 0.</param>
/// <param name="Shift">b_k.</param>
public readonly record struct AffinePair(double Scale, double Shift)
{
    /// <summary>The expert with its scores brought to scale.</summary>
    public ExpertView Apply(ExpertView expert)
    {
        ArgumentNullException.ThrowIfNull(expert);
        var pair = this;
        return expert with { ClassScores = Array.ConvertAll(expert.ClassScores, score => (float)(pair.Scale * score + pair.Shift)) };
    }
}
