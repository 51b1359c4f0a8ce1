namespace Dmkd.Core.Routing;

/// <summary>The proposal's gate: gives each expert a score z_k(x) for one input (proposal 3.3).</summary>
public interface IGate
{
    /// <summary>Name by which options choose the gate.</summary>
    string Name { get; }

    /// <summary>Whether it scores a gate network's logits of the expert's classes, and not the expert's own.</summary>
    bool AsksGateNetwork => false;

    /// <summary>Scores one expert for one input.</summary>
    /// <param name="classScores">The expert's scores, or the gate network's, of the candidate classes the expert knows, at least one.</param>
    /// <returns>z_k(x); larger means more likely to be the right expert.</returns>
    double Score(ReadOnlySpan<double> classScores);
}
