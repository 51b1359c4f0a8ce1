namespace Dmkd.Core.Routing;

/// <summary>What a gate scores.</summary>
public enum GateInput
{
    /// <summary>The expert's scores of the candidate classes it knows.</summary>
    ClassScores,

    /// <summary>A gate network's logits of the same classes: known before any expert runs.</summary>
    NetworkLogits,

    /// <summary>Features of the pair (expert, input) made of their descriptors: known before any expert runs.</summary>
    Descriptors,

    /// <summary>Features of the pair made of the expert's scores.</summary>
    Evidence,
}
