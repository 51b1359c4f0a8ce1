namespace Dmkd.Core.Routing;

/// <summary>How an expert's class scores become its evidence for an input (proposal 3.3).</summary>
public enum EvidenceScore
{
    /// <summary>The largest class score.</summary>
    [Named("max-logit", "the largest class score", Order = 1)]
    MaxLogit,

    /// <summary>ln Σ exp of the class scores, minus the free energy.</summary>
    [Named("energy", "ln of the sum of exp of the class scores", Order = 2)]
    Energy,

    /// <summary>The largest probability of the softmax of the class scores.</summary>
    [Named("probability", "the largest probability of the softmax", Order = 3)]
    Probability,
}
