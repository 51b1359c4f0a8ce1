using Dmkd.Contracts.Settings;
using Dmkd.Grains.Nodes;

namespace Dmkd.Chaos.Killing;

/// <summary>Nodes that take a while to measure anything, so that a silo can be killed meanwhile.</summary>
internal sealed class SlowNodes(DatasetCache datasets) : INodeDataSource
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(700);

    private readonly SimulatedNodes _nodes = new(datasets);

    public async Task<INodeData> OpenAsync(RunSettings settings, int node)
    {
        await Task.Delay(Delay);
        return await _nodes.OpenAsync(settings, node);
    }
}
