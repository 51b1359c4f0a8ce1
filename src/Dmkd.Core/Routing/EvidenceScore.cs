namespace Dmkd.Core.Routing;

/// <summary>How an expert's class scores become its evidence for an input (proposal 3.3).</summary>
public enum EvidenceScore
{
    /// <summary>The largest class score.</summary>
    MaxLogit,

    /// <summary>ln Σ exp of the class scores, minus the free energy.</summary>
    Energy,

    /// <summary>The largest probability of the softmax of the class scores.</summary>
    Probability,
}
