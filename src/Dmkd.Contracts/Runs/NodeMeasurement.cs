namespace Dmkd.Contracts.Runs;

/// <summary>What a run asks its nodes to measure. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.NodeMeasurement")]
public enum NodeMeasurement
{
    /// <summary>A module's entropy on the node's data (proposal 3.3).</summary>
    Entropy = 0,

    /// <summary>Every expert's scores of the node's exemplars (docs/adr/0018).</summary>
    Exemplars = 1,

    /// <summary>Moments of the node's images in an expert's feature space (docs/adr/0019).</summary>
    Moments = 2,
}
