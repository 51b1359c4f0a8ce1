using Orleans.Placement;

namespace Dmkd.Grains.Placement;

/// <summary>Places a run's nodes on the silos in turn, so that a cluster's machines share the training.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NodesInTurnAttribute() : PlacementAttribute(new NodesInTurnPlacement());
