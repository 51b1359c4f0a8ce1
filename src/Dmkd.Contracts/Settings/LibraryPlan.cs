using System.ComponentModel.DataAnnotations;

namespace Dmkd.Contracts.Settings;

/// <summary>
/// What a library that parties grow together has learned, lesson by lesson, the one under way included: the classes of
/// each of its tasks, and the nodes that teach it. An experiment has none; its tasks are cut from one data set.
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.LibraryPlan")]
public sealed record LibraryPlan
{
    /// <summary>Names of the nodes that have taught anything; a node's place here is its index, and never changes.</summary>
    [Id(0)]
    public string[] Nodes { get; init; } = [];

    /// <summary>The tasks, in the order they were learned. A class's place among all of their classes is its label.</summary>
    [Id(1)]
    public LearnedTask[] Tasks { get; init; } = [];

    /// <summary>A class of which a node has fewer examples enters nothing that leaves the node; at least 1.</summary>
    [Id(2), Range(1, 1_000_000)]
    public int MinClassCount { get; init; } = 5;

    /// <summary>Names of all classes, by label.</summary>
    public string[] ClassNames => [.. Tasks.SelectMany(task => task.Classes)];

    /// <inheritdoc/>
    public bool Equals(LibraryPlan? other) =>
        other is not null
        && MinClassCount == other.MinClassCount
        && Nodes.AsSpan().SequenceEqual(other.Nodes)
        && Tasks.AsSpan().SequenceEqual(other.Tasks);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Nodes.Length, Tasks.Length, MinClassCount);
}

/// <summary>A task of a library: one expert's classes, and who teaches them.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LearnedTask")]
public sealed record LearnedTask
{
    /// <summary>Names of its classes, at least 2.</summary>
    [Id(0)]
    public required string[] Classes { get; init; }

    /// <summary>The nodes that teach it, by their place in <see cref="LibraryPlan.Nodes"/>, ascending.</summary>
    [Id(1)]
    public required int[] Nodes { get; init; }

    /// <summary>Training examples of its classes over all of these nodes, as they told.</summary>
    [Id(2)]
    public required long Examples { get; init; }

    /// <inheritdoc/>
    public bool Equals(LearnedTask? other) =>
        other is not null
        && Examples == other.Examples
        && Classes.AsSpan().SequenceEqual(other.Classes)
        && Nodes.AsSpan().SequenceEqual(other.Nodes);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Classes.Length, Nodes.Length, Examples);
}

/// <summary>Asks a library to learn classes that it does not know yet: they become one more expert's.</summary>
/// <param name="Classes">Names of the classes, as the nodes call them; at least 2.</param>
/// <param name="Nodes">Names of the nodes that shall teach; none for all that have any of the classes.</param>
[GenerateSerializer, Immutable, Alias("dmkd.Lesson")]
public sealed record Lesson([property: Id(0)] string[] Classes, [property: Id(1)] string[] Nodes)
{
    /// <summary>Most rounds of a lesson.</summary>
    public const int MaxRounds = 100_000;

    /// <summary>Rounds of local updates, 1 to <see cref="MaxRounds"/>; those of the library when null.</summary>
    [Id(2), Range(1, MaxRounds)]
    public int? Rounds { get; init; }
}
