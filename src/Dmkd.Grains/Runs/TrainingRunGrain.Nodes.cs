using Dmkd.Contracts.Runs;

namespace Dmkd.Grains.Runs;

/// <summary>Its nodes: who they are, who leaves and who joins.</summary>
internal sealed partial class TrainingRunGrain
{
    public Task LeaveAsync(int node, CancellationToken cancellationToken = default)
    {
        CheckNode(node);
        if (!State.Absent.Add(node)) return Task.CompletedTask;
        _feed.Add($"{KeyOf(node)} leaves: it is not asked from the next round on");
        return Writer.WriteAsync();
    }

    public Task JoinAsync(int node, CancellationToken cancellationToken = default)
    {
        CheckNode(node);
        if (!State.Absent.Remove(node)) return Task.CompletedTask;
        State.Missed.Remove(node);
        _feed.Add($"{KeyOf(node)} joins: it is asked from the next round on");
        return Writer.WriteAsync();
    }

    public Task<IReadOnlyList<RunNode>> ListNodesAsync(CancellationToken cancellationToken = default) =>
        State.Settings is null ? Task.FromResult<IReadOnlyList<RunNode>>([]) : new RunNodes(GrainFactory, clusterDevices, time).ListAsync(State, RunId);

    private void CheckNode(int node)
    {
        if (State.Settings is null) throw new InvalidOperationException($"There is no run {RunId}.");
        if (node < 0 || node >= Settings.Participation.Nodes) throw new InvalidOperationException($"Run {RunId} has nodes 0 to {Settings.Participation.Nodes - 1}; there is no node {node}.");
    }
}
