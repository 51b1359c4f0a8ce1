using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Settings;

namespace Dmkd.Contracts.Routing;

/// <summary>
/// Routes inputs to the experts of a library and answers with their mixture (proposal 3.3). Stateless; key: the
/// library's name.
/// </summary>
[Alias("dmkd.IRouterGrain")]
public interface IRouterGrain : IGrainWithStringKey
{
    /// <summary>Predicts a batch with the current versions of the library's experts.</summary>
    /// <exception cref="ArgumentException">The batch is malformed, too large, or no expert knows a candidate
    /// class.</exception>
    [Alias("route"), ResponseTimeout("00:05:00")]
    Task<RouteResponse> RouteAsync(RouteRequest request, CancellationToken cancellationToken = default);
}

/// <summary>A batch of inputs to predict.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.RouteRequest")]
public sealed record RouteRequest
{
    /// <summary>Most bytes of inputs in one request: well under the message limit.</summary>
    public const int MaxInputBytes = 4 << 20;

    /// <summary>Most predictions of one request, which are its inputs times its candidate sets.</summary>
    public const int MaxPredictions = 1 << 16;

    /// <summary>Most classes of all candidate sets of one request together.</summary>
    public const int MaxCandidates = 1 << 16;

    /// <summary>
    /// Sets of class indices to choose from; every input is predicted once per set, from one forward pass. Experts
    /// without a class of the set take no part in it. One set of all classes is class-incremental, the classes of one
    /// task task-incremental.
    /// </summary>
    [Id(4)]
    public required int[][] CandidateSets { get; init; }

    /// <summary>How to route.</summary>
    [Id(5)]
    public required RoutingSettings Routing { get; init; }

    /// <summary>The calibration: what the library was fitted to and is to be applied. Default: none.</summary>
    [Id(6)]
    public string Calibration { get; init; } = "none";

    /// <summary>
    /// Whether an earlier version of an expert may answer when the weights of its current one are damaged or missing.
    /// Default: no, as measuring wants it.
    /// </summary>
    [Id(7)]
    public bool AcceptsEarlierVersions { get; init; }

    /// <summary>The inputs.</summary>
    [Id(8)]
    public required NamedTensor Input { get; init; }

    /// <summary>
    /// How many of an input's most probable classes are told, at least 0; they count as predictions. Default: 0, for
    /// the best alone.
    /// </summary>
    [Id(9)]
    public int Classes { get; init; }
}

/// <summary>A tensor in a message.</summary>
/// <param name="Name">Its name, such as <c>pixels</c>.</param>
/// <param name="DataType">Element type, such as <c>uint8</c>.</param>
/// <param name="Shape">Shape; of inputs the first length is their number.</param>
/// <param name="Content">Values, row-major, little-endian.</param>
[GenerateSerializer, Immutable, Alias("dmkd.NamedTensor")]
public sealed record NamedTensor(
    [property: Id(0)] string Name,
    [property: Id(1)] string DataType,
    [property: Id(2)] int[] Shape,
    [property: Id(3)] byte[] Content
);

/// <summary>Predictions of a batch.</summary>
/// <param name="Predictions">Per candidate set, per image.</param>
/// <param name="DeviceSeconds">Device time, in seconds.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RouteResponse")]
public sealed record RouteResponse(
    [property: Id(0)] RoutedPrediction[][] Predictions,
    [property: Id(1)] double DeviceSeconds
)
{
    /// <summary>A line per expert that an earlier version answered for; none when all weights could be read.</summary>
    [Id(2)]
    public string[] Replacements { get; init; } = [];
}

/// <summary>Prediction of one image.</summary>
/// <param name="ClassIndex">The data set's index of the most probable class.</param>
/// <param name="ClassName">Its name.</param>
/// <param name="Probability">Its probability among the candidates, in [0, 1].</param>
/// <param name="Experts">The experts that answered, most probable first.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RoutedPrediction")]
public sealed record RoutedPrediction(
    [property: Id(0)] int ClassIndex,
    [property: Id(1)] string ClassName,
    [property: Id(2)] double Probability,
    [property: Id(3)] ExpertShare[] Experts
)
{
    /// <summary>As many of the most probable classes as were asked for, most probable first.</summary>
    [Id(4)]
    public RankedClass[] Classes { get; init; } = [];
}

/// <summary>A class that an input may show.</summary>
/// <param name="ClassIndex">The data set's index of the class.</param>
/// <param name="ClassName">Its name.</param>
/// <param name="Probability">Its probability among the candidates, in [0, 1].</param>
[GenerateSerializer, Immutable, Alias("dmkd.RankedClass")]
public readonly record struct RankedClass(
    [property: Id(0)] int ClassIndex,
    [property: Id(1)] string ClassName,
    [property: Id(2)] double Probability
);

/// <summary>An expert that answered.</summary>
/// <param name="Module">Name of the module.</param>
/// <param name="Probability">The proposal's p_k(x), in [0, 1].</param>
[GenerateSerializer, Immutable, Alias("dmkd.ExpertShare")]
public readonly record struct ExpertShare([property: Id(0)] string Module, [property: Id(1)] double Probability);

/// <summary>
/// What a library's routing was fitted: affine pairs or a gate's MLP to exemplars (docs/adr/0018), or discriminants to
/// moments (docs/adr/0019).
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.FittedGate")]
public sealed record FittedGate
{
    /// <summary>Number, from 1; a later fit has a higher one.</summary>
    [Id(0)]
    public required int Version { get; init; }

    /// <summary>How the library routes by it; scores are what it was fitted to.</summary>
    [Id(1)]
    public required RoutingSettings Routing { get; init; }

    /// <summary>The calibration: what it holds for the evidence.</summary>
    [Id(2)]
    public required string Calibration { get; init; }

    /// <summary>Names of the experts it was fitted for; one that was removed since keeps its place.</summary>
    [Id(3)]
    public required string[] Modules { get; init; }

    /// <summary>Its parameters in the weight store.</summary>
    [Id(4)]
    public required StoredBlob Parameters { get; init; }

    /// <summary>Exemplars that it was fitted to; none of discriminants.</summary>
    [Id(5)]
    public required int Exemplars { get; init; }
}
