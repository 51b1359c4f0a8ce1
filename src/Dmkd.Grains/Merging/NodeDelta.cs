namespace Dmkd.Grains.Merging;

/// <summary>A node's accepted submission.</summary>
internal sealed record NodeDelta(string NodeId, AcceptedDelta Delta);
