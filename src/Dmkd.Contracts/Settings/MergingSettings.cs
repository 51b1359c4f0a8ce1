using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Dmkd.Contracts.Settings;

/// <summary>How a run's updates are sent and merged (proposal 3.4).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.MergingSettings")]
public sealed record MergingSettings : IFlatSection
{
#pragma warning disable CS1591 // the descriptions are the documentation
    [Id(0), Range(1, 100_000), Description("Rounds between merges (tau)")]
    public int MergeEvery { get; init; } = 1;

    [Id(1), DataType("compressor"), Description("How updates are sent")]
    public string Compressor { get; init; } = "svd";

    [Id(2), Range(0, 4096), Description("Rank kept of each update (r); 0 sends updates whole")]
    public int Rank { get; init; } = 8;

    [Id(3), Description("Send updates as fp16"), DisplayName("fp16")]
    public bool HalfPrecision { get; init; }

    [Id(4), Description("Add to the next update what compression dropped from the last")]
    public bool ErrorFeedback { get; init; }

    [
        Id(5),
        DataType("merge rule"),
        Description(
            "How updates are averaged: {0}; with a parameter: clipped-2 (above 0), trimmed-0.3 and nnm-0.3 (in [0, 0.5)), krum-2 (whole)"
        )
    ]
    public string MergeRule { get; init; } = "nnm"; // docs/adr/0017

    [Id(6), Range(1e-3, 10.0), Description("Part of the merged update that is taken; 1 is all of it")]
    public double OuterLearningRate { get; init; } = 1;

    [Id(7), Range(0.0, 0.999), Description("Nesterov momentum over merges, as in DiLoCo")]
    public double OuterMomentum { get; init; }

    [
        Id(8),
        Range(0.0, 1.0),
        Description("Refuse a merge that costs more accuracy on the nodes' calibration data, in [0, 1]")
    ]
    public double? MaxDrop { get; init; }

    [Id(9), Description("Let every node start a module from first weights of its own")]
    public bool OwnFirstWeights { get; init; }

    [Id(10), Description("Align such replicas before their first merge"), DisplayName("align")]
    public bool Alignment { get; init; }

    [Id(11), Description("Measure batch-norm statistics anew on the nodes' data after a merge")]
    public bool ReestimateBatchNorm { get; init; }
#pragma warning restore CS1591
}
