using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Routing;

/// <summary>What a run's routing is fitted to (docs/adr/0018).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.FittingSettings")]
public sealed record FittingSettings : IFlatSection
{
#pragma warning disable CS1591 // the descriptions are the documentation
    /// <summary>Split evenly over the classes seen, then over the nodes. They never leave their node.</summary>
    [Id(0), Range(0, 1_000_000), Description("Training images that nodes keep to fit the routing to, in all")]
    public int Exemplars { get; init; }

    [Id(1), DataType("calibration"), DefaultValue(null)]
    [Description("How evidence is made comparable: {0}; when not given discriminant, or none for a gate that is not evidence")]
    public string Calibration { get; init; } = "discriminant";

    [Id(2), Range(2, 1_000_000), Description("Images per class in calibration sets")]
    public int CalibrationPerClass { get; init; } = 100;
#pragma warning restore CS1591
}
