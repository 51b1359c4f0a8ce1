namespace Dmkd.Grains.Merging;

/// <summary>A submission as it was received.</summary>
/// <param name="Problem">What is wrong with its tensors: check, limit and value; null when it is stored and can be merged.</param>
/// <param name="Delta">Where it is stored.</param>
internal sealed record ReceivedDelta(string? Problem, AcceptedDelta Delta);
