namespace Dmkd.Contracts.Routing;

/// <summary>A batch of images to predict.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.RouteRequest")]
public sealed record RouteRequest
{
    /// <summary>Most bytes of pixels in one request: well under the message limit.</summary>
    public const int MaxPixelBytes = 4 << 20;

    /// <summary>Pixels, one byte a value, layout [Count, Channels, Size, Size].</summary>
    [Id(0)]
    public required byte[] Pixels { get; init; }

    /// <summary>Number of images.</summary>
    [Id(1)]
    public required int Count { get; init; }

    /// <summary>Channels of an image.</summary>
    [Id(2)]
    public required int Channels { get; init; }

    /// <summary>Height and width of an image.</summary>
    [Id(3)]
    public required int Size { get; init; }

    /// <summary>
    /// Sets of class indices to choose from; every image is predicted once per set, from one forward pass. Experts without a
    /// class of the set take no part in it. One set of all classes is class-incremental, the classes of one task task-incremental.
    /// </summary>
    [Id(4)]
    public required int[][] CandidateSets { get; init; }

    /// <summary>How to route.</summary>
    [Id(5)]
    public required RoutingSettings Routing { get; init; }

    /// <summary>The calibration: what the library was fitted to and is to be applied. Default: none.</summary>
    [Id(6)]
    public string Calibration { get; init; } = "none";

    /// <summary>Whether an earlier version of an expert may answer when the weights of its current one are damaged or missing. Default: no, as measuring wants it.</summary>
    [Id(7)]
    public bool AcceptsEarlierVersions { get; init; }
}
