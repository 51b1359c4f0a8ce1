namespace Dmkd.Grains.Hosting;

/// <summary>What a silo does with runs whose silo ended.</summary>
/// <param name="GoOnWhenLookedAt">Whether such a run goes on as soon as anybody looks at it; else it waits to be resumed. A console that only looks must not train.</param>
public sealed record InterruptedRuns(bool GoOnWhenLookedAt = true);
