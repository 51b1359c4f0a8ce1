using System.ComponentModel.DataAnnotations;

namespace Dmkd.Contracts.Merging;

/// <summary>How a module's updates are sent and merged (proposal 3.4).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.MergeOptions")]
public sealed record MergeOptions
{
    /// <summary>How updates are averaged, a merge rule. Default: weighted.</summary>
    [Id(0)]
    public string Rule { get; init; } = "weighted";

    /// <summary>
    /// The exchange that updates are sent by: an exchange by name, or <c>aligned</c> for replicas of different first
    /// weights. Default: svd.
    /// </summary>
    [Id(1)]
    public string Compressor { get; init; } = "svd";

    /// <summary>Rank kept of each matrix, the proposal's r; 0 sends updates whole. Default: 8.</summary>
    [Id(2), Range(0, 4096)]
    public int Rank { get; init; } = 8;

    /// <summary>Whether values travel as fp16. Default: no.</summary>
    [Id(3)]
    public bool HalfPrecision { get; init; }

    /// <summary>Whether a node adds to its next update what compression dropped from the last. Default: no.</summary>
    [Id(4)]
    public bool ErrorFeedback { get; init; }

    /// <summary>Learning rate of the outer optimizer; 1 adds the merged update as it is. Default: 1.</summary>
    [Id(5), Range(1e-3, 10.0)]
    public double OuterLearningRate { get; init; } = 1;

    /// <summary>Nesterov momentum of the outer optimizer. Default: 0.</summary>
    [Id(6), Range(0.0, 0.999)]
    public double OuterMomentum { get; init; }

    /// <summary>
    /// Whether batch-norm statistics are measured anew on the nodes' data after a merge. Default: no.
    /// </summary>
    [Id(7)]
    public bool ReestimateBatchNorm { get; init; }

    /// <summary>
    /// A merge that costs more accuracy on the nodes' calibration data is refused, in [0, 1]; null accepts every
    /// merge.
    /// </summary>
    [Id(9), Range(0.0, 1.0)]
    public double? MaxDrop { get; init; }
}
