using Dmkd.Contracts.Experts;

namespace Dmkd.Contracts.Preservation;

/// <summary>What came out of a legacy model.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.PreservationReport")]
public sealed record PreservationReport
{
    /// <summary>The library.</summary>
    [Id(0)]
    public required string Library { get; init; }

    /// <summary>What was asked for.</summary>
    [Id(1)]
    public required PreservationRequest Request { get; init; }

    /// <summary>Names of the legacy model's classes.</summary>
    [Id(2)]
    public required string[] ClassNames { get; init; }

    /// <summary>Accuracy of the legacy model on the test images, in [0, 1].</summary>
    [Id(3)]
    public required double LegacyAccuracy { get; init; }

    /// <summary>Trainable values of the legacy model, or of its surrogate.</summary>
    [Id(4)]
    public required long LegacyParameters { get; init; }

    /// <summary>Multiply-adds of one input of the legacy model, or of its surrogate.</summary>
    [Id(5)]
    public required long LegacyMultiplyAdds { get; init; }

    /// <summary>Accuracy of the surrogate on the test images, in [0, 1]; null without one.</summary>
    [Id(6)]
    public double? SurrogateAccuracy { get; init; }

    /// <summary>The experts in the order of their first class, then the gate when there is one.</summary>
    [Id(7)]
    public required PreservedModule[] Modules { get; init; }

    /// <summary>The library for R = 1 to K.</summary>
    [Id(8)]
    public required RoutedAccuracy[] Routed { get; init; }

    /// <summary>The partition.</summary>
    [Id(9)]
    public required PartitionSummary Partition { get; init; }

    /// <summary>Test images.</summary>
    [Id(10)]
    public required int TestImages { get; init; }

    /// <summary>Device time, in seconds.</summary>
    [Id(11)]
    public required double DeviceSeconds { get; init; }

    /// <summary>Time from start to end without pauses between two resumptions, in seconds.</summary>
    [Id(12)]
    public required double WallSeconds { get; init; }
}

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

/// <summary>How well a library answers for a number of experts.</summary>
/// <param name="TopExperts">Experts that answer, the proposal's R.</param>
/// <param name="Accuracy">Accuracy on the test images, in [0, 1].</param>
/// <param name="RightExpert">Share of the test images whose most probable expert knows their class, in [0, 1].</param>
/// <param name="MultiplyAdds">Mean multiply-adds per input, of the gate and the experts that ran.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RoutedAccuracy")]
public readonly record struct RoutedAccuracy(
    [property: Id(0)] int TopExperts,
    [property: Id(1)] double Accuracy,
    [property: Id(2)] double RightExpert,
    [property: Id(3)] double MultiplyAdds
);

/// <summary>A partition made small enough for a picture.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.PartitionSummary")]
public sealed record PartitionSummary
{
    /// <summary>Cells per side of the adjacency.</summary>
    [Id(0)]
    public required int Size { get; init; }

    /// <summary>
    /// Mean edge weights between the units of two cells, float32 little-endian, shape [Size, Size], units ordered by
    /// cluster.
    /// </summary>
    [Id(1)]
    public required byte[] Adjacency { get; init; }

    /// <summary>First cell of each cluster.</summary>
    [Id(2)]
    public required int[] ClusterStarts { get; init; }

    /// <summary>Share of each class's importance that lies in each cluster, shape [clusters][classes].</summary>
    [Id(3)]
    public required double[][] ImportanceByClass { get; init; }
}

/// <summary>Units kept of one unit space.</summary>
/// <param name="Space">Name of the space.</param>
/// <param name="Kept">Units kept.</param>
/// <param name="Of">Units of the legacy model.</param>
[GenerateSerializer, Immutable, Alias("dmkd.SpaceWidth")]
public readonly record struct SpaceWidth(
    [property: Id(0)] string Space,
    [property: Id(1)] int Kept,
    [property: Id(2)] int Of
);
