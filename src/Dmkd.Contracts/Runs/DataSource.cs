using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace Dmkd.Contracts.Runs;

/// <summary>Names a data set, so that every silo reads the same one from its own disk: data never crosses the wire.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.DataSource")]
public sealed record DataSource
{
#pragma warning disable CS1591 // the descriptions are the documentation
    [Id(0), DataType("data set"), DisplayName("data"), Description("Data set")]
    public required string Kind { get; init; }

    [Id(1), DisplayName("data-path"), Description("Folder or zip with train/ and test/ class folders, or folder of CIFAR binary files")]
    public string? Path { get; init; }

    [Id(2), Description("Training images per class; all when not given (synthetic: 400)")]
    public int? TrainPerClass { get; init; }

    [Id(3), Description("Test images per class; all when not given (synthetic: 100)")]
    public int? TestPerClass { get; init; }

    [Id(4), Description("Height and width that images are brought to, in pixels")]
    public int ImageSize { get; init; } = 32;
#pragma warning restore CS1591

    /// <summary>Seed of drawing and choosing images.</summary>
    [Id(5)]
    public required int Seed { get; init; }
}
