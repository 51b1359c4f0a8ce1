using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Dmkd.Contracts.Settings;

/// <summary>How inputs are routed to experts (proposal 3.3).</summary>
/// <param name="Gate">Name of the gate.</param>
/// <param name="TopExperts">Experts that answer, the proposal's R; at least 1.</param>
/// <param name="SpecializationWeight">Weight of -H_k, the proposal's β; at least 0.</param>
/// <param name="GateVote">
/// What a gate network's logit of a class counts beside the chosen expert's, at least 0: the gate has looked at the
/// input already, and two networks err less than one. Without a gate network it says nothing. Not a setting of a run,
/// whose library has none.
/// </param>
/// <param name="Views">Views of an input that a rotation-labelled expert is shown: 1, its 4 rotations, or 8 with those
/// of its mirror image; their scores are averaged.</param>
/// <param name="Score">How class scores become evidence: max-logit, energy or probability. For the gate
/// <c>evidence</c>.</param>
/// <param name="Centred">Whether the mean of all logits of a rotation-labelled expert, classes and rotations, is
/// subtracted per view.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RoutingSettings")]
public sealed record RoutingSettings(
    [property: Id(0), DataType("gate of a run"), Description("Gate")] string Gate,
    [property: Id(1), Range(1, int.MaxValue), DisplayName("top"), Description("Experts that answer (R)")]
        int TopExperts,
    [property:
        Id(2),
        Range(0.0, 1e6),
        DisplayName("beta"),
        Description("Weight of an expert's mean entropy in routing (beta)")
    ]
        double SpecializationWeight,
    [property: Id(3)] double GateVote = 0,
    [property:
        Id(4),
        AllowedValues(1, 4, 8),
        Description(
            "Views of an image that an expert is shown at test: 1, 4 rotations, or 8 with those of its mirror image"
        )
    ]
        int Views = 4,
    [property: Id(5), DataType("score"), Description("How class scores become evidence")] string Score = "max-logit",
    [property: Id(6), Description("Subtract the mean of an expert's logits")] bool Centred = true
);

/// <summary>What a run's routing is fitted to (docs/adr/0018).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.FittingSettings")]
public sealed record FittingSettings : IFlatSection
{
#pragma warning disable CS1591 // the descriptions are the documentation
    /// <summary>Split evenly over the classes seen, then over the nodes. They never leave their node.</summary>
    [Id(0), Range(0, 1_000_000), Description("Training images that nodes keep to fit the routing to, in all")]
    public int Exemplars { get; init; }

    [Id(1), DataType("calibration"), DefaultValue(null)]
    [Description(
        "How evidence is made comparable: {0}; when not given discriminant, or none for a gate that is not evidence"
    )]
    public string Calibration { get; init; } = "discriminant";

    [Id(2), Range(2, 1_000_000), Description("Images per class in calibration sets")]
    public int CalibrationPerClass { get; init; } = 100;
#pragma warning restore CS1591
}
