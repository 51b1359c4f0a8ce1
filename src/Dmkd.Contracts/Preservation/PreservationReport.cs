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
