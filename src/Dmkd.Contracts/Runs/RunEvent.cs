namespace Dmkd.Contracts.Runs;

/// <summary>A line of a run's feed.</summary>
/// <param name="Sequence">Number, ascending without gaps; after a silo died they go on with a higher one.</param>
/// <param name="At">When it happened.</param>
/// <param name="Text">One line for a person.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RunEvent")]
public sealed record RunEvent([property: Id(0)] long Sequence, [property: Id(1)] DateTimeOffset At, [property: Id(2)] string Text);
