namespace Dmkd.Core.Routing;

/// <summary>The proposal's gate: gives each expert a score z_k(x) for one input (proposal 3.3).</summary>
public interface IGate
{
    /// <summary>Name by which options choose the gate.</summary>
    string Name { get; }

    /// <summary>What it scores.</summary>
    GateInput Input => GateInput.ClassScores;

    /// <summary>Whether it chooses before any expert has run, so that only the chosen need to.</summary>
    bool ChoosesFirst => Input is GateInput.NetworkLogits or GateInput.Descriptors;

    /// <summary>Scores one expert for one input. No other expert enters.</summary>
    /// <param name="values">What <see cref="Input"/> names, at least one number.</param>
    /// <returns>z_k(x); larger means more likely to be the right expert.</returns>
    double Score(ReadOnlySpan<double> values);
}
