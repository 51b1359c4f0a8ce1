namespace Dmkd.Core.Training;

/// <summary>What a new task's expert starts from; its head is new in any case (docs/adr/0018).</summary>
public static class StartingPoints
{
    /// <summary>The features of the expert before it.</summary>
    [Named(Previous, "the features of the expert before it", Order = 1)]
    public const string Previous = "previous";

    /// <summary>Random weights.</summary>
    [Named(Random, "random weights", Order = 2)]
    public const string Random = "random";

    /// <summary>The features of the earlier expert that sees the most evidence in the new task's data.</summary>
    [Named(Similar, "the features of the earlier expert that sees the most evidence in the new task's data", Order = 3)]
    public const string Similar = "similar";

    /// <summary>The features of the legacy model, cut to an expert's widths.</summary>
    [Named(Legacy, "the features of the legacy model, cut to an expert's widths", Order = 4)]
    public const string Legacy = "legacy";

    /// <summary>All of them.</summary>
    public static Registry Known { get; } = Registry.OfConstants("start", typeof(StartingPoints));
}
