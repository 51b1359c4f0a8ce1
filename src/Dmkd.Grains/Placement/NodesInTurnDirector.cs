using Orleans.Runtime.Placement;

namespace Dmkd.Grains.Placement;

/// <summary>
/// The silos that meet a node's need, in the order of their addresses, take a run's nodes in turn. Orleans' own strategies go by counts and
/// loads that are seconds old, and put the nodes of a run that starts on one silo.
/// </summary>
internal sealed class NodesInTurnDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] silos = [.. context.GetCompatibleSilos(target).OrderBy(silo => silo.Endpoint.ToString(), StringComparer.Ordinal).ThenBy(silo => silo.Generation)];
        return Task.FromResult(silos[NodeTurns.Of(target.GrainIdentity.Key.ToString()!, silos.Length)]);
    }
}
