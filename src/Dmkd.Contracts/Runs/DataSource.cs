namespace Dmkd.Contracts.Runs;

/// <summary>Names a data set, so that every silo reads the same one from its own disk: data never crosses the wire.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.DataSource")]
public sealed record DataSource
{
    /// <summary>Kind: synthetic, images, cifar10 or cifar100.</summary>
    [Id(0)]
    public required string Kind { get; init; }

    /// <summary>Folder or zip; null for synthetic.</summary>
    [Id(1)]
    public string? Path { get; init; }

    /// <summary>Training images used per class; null for all.</summary>
    [Id(2)]
    public int? TrainPerClass { get; init; }

    /// <summary>Test images used per class; null for all.</summary>
    [Id(3)]
    public int? TestPerClass { get; init; }

    /// <summary>Height and width that images are brought to, in pixels.</summary>
    [Id(4)]
    public int ImageSize { get; init; } = 32;

    /// <summary>Seed of drawing and choosing images.</summary>
    [Id(5)]
    public required int Seed { get; init; }
}
