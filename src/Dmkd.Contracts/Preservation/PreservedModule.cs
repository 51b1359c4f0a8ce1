using Dmkd.Contracts.Experts;

namespace Dmkd.Contracts.Preservation;

/// <summary>A module that came out of a legacy model: what it is, and how well it does.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.PreservedModule")]
public sealed record PreservedModule
{
    /// <summary>Name in the library.</summary>
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    [Id(1)]
    public required ModuleRole Role { get; init; }

    /// <summary>Cluster of the partition; null for a gate.</summary>
    [Id(2)]
    public int? Cluster { get; init; }

    /// <summary>Legacy outputs it answers for, ascending.</summary>
    [Id(3)]
    public required int[] Classes { get; init; }

    /// <summary>Text form of its architecture.</summary>
    [Id(4)]
    public required string Architecture { get; init; }

    /// <summary>Units kept in each unit space, in network order.</summary>
    [Id(5)]
    public required SpaceWidth[] Widths { get; init; }

    /// <summary>Trainable values.</summary>
    [Id(6)]
    public required long Parameters { get; init; }

    /// <summary>Multiply-adds of one input.</summary>
    [Id(7)]
    public required long MultiplyAdds { get; init; }

    /// <summary>Share of the legacy model's importance that its units carry, in [0, 1].</summary>
    [Id(8)]
    public required double ImportanceShare { get; init; }

    /// <summary>Digest of the first version: cut, mixed with W_rand, batch-norm statistics re-estimated.</summary>
    [Id(9)]
    public required string CutDigest { get; init; }

    /// <summary>Digest of the second version, the distilled one; null until there is one.</summary>
    [Id(10)]
    public string? Digest { get; init; }

    /// <summary>Accuracy of the first version on the test images of its classes, in [0, 1].</summary>
    [Id(11)]
    public double AccuracyBefore { get; init; }

    /// <summary>Accuracy of the distilled version on the test images of its classes, in [0, 1].</summary>
    [Id(12)]
    public double AccuracyAfter { get; init; }

    /// <summary>Accuracy there of the legacy model, choosing among these classes alone, in [0, 1].</summary>
    [Id(13)]
    public double LegacyAccuracy { get; init; }

    /// <summary>Sum of the entropies of its predictions on its calibration images, in nats.</summary>
    [Id(14)]
    public double EntropySum { get; init; }

    /// <summary>Number of these images.</summary>
    [Id(15)]
    public long EntropyCount { get; init; }

    /// <summary>Steps of the distillation.</summary>
    [Id(16)]
    public int Steps { get; init; }

    /// <summary>Size of the distilled weights, in bytes.</summary>
    [Id(17)]
    public long Bytes { get; init; }
}
