namespace Dmkd.Core.Routing;

/// <summary>The proposal's gate: gives each expert a score z_k(x) for one input (proposal 3.3).</summary>
public interface IGate
{
    /// <summary>Name by which options choose the gate.</summary>
    string Name { get; }

    /// <summary>Scores one expert for one input.</summary>
    /// <param name="classScores">The expert's scores of the candidate classes it knows, at least one.</param>
    /// <returns>z_k(x); larger means more likely to be the right expert.</returns>
    double Score(ReadOnlySpan<double> classScores);
}
