namespace Dmkd.Grains.Placement;

/// <summary>Names <see cref="NodesInTurnDirector"/> to Orleans.</summary>
internal sealed class NodesInTurnPlacement : PlacementStrategy;
