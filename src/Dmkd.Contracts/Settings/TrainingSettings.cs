using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Dmkd.Contracts.Settings.Images;

namespace Dmkd.Contracts.Settings;

/// <summary>How nodes train experts.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.TrainingSettings")]
public sealed record TrainingSettings : IFlatSection
{
#pragma warning disable CS1591 // the descriptions are the documentation
    [Id(0), Range(1, 100_000), Description("Rounds of local updates per task")]
    public int Rounds { get; init; } = 6;

    [Id(1), Range(1, 10_000), Description("Passes over a node's data per local update")]
    public int Epochs { get; init; } = 4;

    [Id(2), Range(1, 65_536), Description("Images per training step")]
    public int BatchSize { get; init; } = 32;

    [Id(3), Range(1e-8, 10.0), Description("Learning rate of a task's first round")]
    public double LearningRate { get; init; } = 2e-3;

    [Id(4), Range(0.0, 1000.0), Description("Weight of distillation in local updates (lambda)")]
    public double Lambda { get; init; }

    [Id(5), Description("Channels of an expert's layers, the first layer first")]
    public LayerWidths Widths { get; init; } = [16, 32, 64, 64];

    [
        Id(9),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull),
        Description("Architecture of the networks, by name or as text; convolutional with the widths when not given")
    ]
    public string? Architecture { get; init; }

    [
        Id(6),
        Description("Show experts every training image in all four rotations, not a quarter of them in each"),
        DisplayName(ImageSettingNames.AllViewsOption),
        JsonPropertyName(ImageSettingNames.AllViewsField)
    ]
    public bool AllViews { get; init; } = true;

    [Id(7), Description("Train experts to know destroyed images, and score relative to that")]
    public bool UnknownOutput { get; init; }

    [Id(8), DataType("start"), Description("What a new task's expert starts from")]
    public string StartFrom { get; init; } = "previous";
#pragma warning restore CS1591
}

/// <summary>The model that a run trains first and takes apart, in place of a deprecated one (proposal 3.2).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LegacySettings")]
public sealed record LegacySettings : IFlatSection
{
#pragma warning disable CS1591 // the descriptions are the documentation
    [
        Id(0),
        Range(0, 1000),
        Description("First tasks that the legacy model knows; 0 for no legacy model"),
        DisplayName("legacy-tasks"),
        JsonPropertyName("LegacyTasks")
    ]
    public int Tasks { get; init; } = 2;

    [
        Id(1),
        Range(1, 10_000),
        Description("Passes over its data when the legacy model is trained"),
        DisplayName("legacy-epochs"),
        JsonPropertyName("LegacyEpochs")
    ]
    public int Epochs { get; init; } = 8;

    [
        Id(2),
        Range(1, 10_000),
        Description("Passes over the legacy owner's images of its classes when a preserved expert is distilled")
    ]
    public int DistillationEpochs { get; init; } = 4;

    [Id(3), Range(0.0, 1.0), Description("Share of legacy weights in preserved experts (alpha)")]
    public double Alpha { get; init; } = 0.5;
#pragma warning restore CS1591
}
