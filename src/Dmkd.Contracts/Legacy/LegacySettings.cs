using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Dmkd.Contracts.Runs;

namespace Dmkd.Contracts.Legacy;

/// <summary>The model that a run trains first and takes apart, in place of a deprecated one (proposal 3.2).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LegacySettings")]
public sealed record LegacySettings : IFlatSection
{
#pragma warning disable CS1591 // the descriptions are the documentation
    [Id(0), Range(0, 1000), Description("First tasks that the legacy model knows; 0 for no legacy model"), DisplayName("legacy-tasks"), JsonPropertyName("LegacyTasks")]
    public int Tasks { get; init; } = 2;

    [Id(1), Range(1, 10_000), Description("Passes over its data when the legacy model is trained"), DisplayName("legacy-epochs"), JsonPropertyName("LegacyEpochs")]
    public int Epochs { get; init; } = 8;

    [Id(2), Range(1, 10_000), Description("Passes over the legacy owner's images of its classes when a preserved expert is distilled")]
    public int DistillationEpochs { get; init; } = 4;

    [Id(3), Range(0.0, 1.0), Description("Share of legacy weights in preserved experts (alpha)")]
    public double Alpha { get; init; } = 0.5;
#pragma warning restore CS1591
}
