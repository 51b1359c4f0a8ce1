using Dmkd.Contracts.Settings;
using Dmkd.Core.Modalities;
using Dmkd.Data;
using Dmkd.Data.Images;

namespace Dmkd.Grains.Nodes;

/// <summary>A node that a party offers at its own silo.</summary>
/// <param name="Name">Its name, which no other node of the cluster has.</param>
/// <param name="Data">Its data, by a path of this machine alone.</param>
public sealed record PartyNode(string Name, DataSource Data)
{
    /// <summary>Seed by which examples are kept for testing: the same ones for as long as the node lives.</summary>
    private const int HoldoutSeed = 1;

    /// <summary>A node as a silo's settings describe it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="path">Folder or file of its examples.</param>
    /// <param name="kind">Kind of its data set; null where the path tells it.</param>
    /// <param name="holdout">Share of each class that is kept for testing; null for data that has test examples.</param>
    /// <exception cref="NodeOfferException">The path does not exist, or tells no kind.</exception>
    public static PartyNode Of(string name, string path, string? kind, double? holdout)
    {
        string whole = Path.GetFullPath(path);
        try
        {
            var data = new DataSource
            {
                Kind = DatasetKind.Of(kind, whole)!,
                Path = whole,
                Holdout = holdout,
                Seed = HoldoutSeed,
            };
            return new PartyNode(name, data);
        }
        catch (DatasetException e)
        {
            throw new NodeOfferException(e.Message);
        }
    }

    /// <summary>Where its data lie, and to what size their images are brought.</summary>
    public DataSource At(int imageSize) => Data with { ImageSize = imageSize };
}

/// <summary>The nodes that this silo offers; most silos offer none.</summary>
/// <param name="Nodes">The nodes, by different names.</param>
public sealed record OfferedNodes(IReadOnlyList<PartyNode> Nodes)
{
    /// <summary>None.</summary>
    public static OfferedNodes None { get; } = new([]);

    /// <summary>Their names.</summary>
    public IReadOnlyList<string> Names => [.. Nodes.Select(node => node.Name)];

    /// <summary>The node of a name.</summary>
    /// <exception cref="DatasetException">This silo offers none of that name.</exception>
    public PartyNode Of(string name) =>
        Nodes.FirstOrDefault(node => node.Name == name)
        ?? throw new DatasetException($"This silo does not offer the node '{name}'.");
}

/// <summary>
/// A party's own images for a library: they are read from its folder by its silo, and named as the library names their
/// classes. A class of which there are too few to be told of is left out altogether.
/// </summary>
public sealed class PartyData : NodeShards
{
    private const int Unknown = -1;
    private readonly ImageDataset _own;
    private readonly int[] _taught;
    private readonly int[] _tested;

    /// <summary>Binds a party's images to a library's classes.</summary>
    /// <param name="own">The party's images. Borrowed.</param>
    /// <param name="library">The library's classes. Borrowed.</param>
    /// <param name="node">The node's place among the library's.</param>
    public PartyData(ImageDataset own, RunData library, int node)
        : base(library, node)
    {
        _own = own;
        int least = Settings.Library!.MinClassCount;
        _taught = LabelsOf(own.Train, least);
        _tested = LabelsOf(own.Test, least);
    }

    /// <inheritdoc/>
    public override ImageSet ShardOf(int task)
    {
        var classes = Data.Tasks.ClassesOf(task);
        var chosen = _own.Train.Select(PositionsOf(_own.Train, _taught, classes.Contains));
        return RunData.Relabel(chosen.Relabel(label => _taught[label]), classes);
    }

    /// <inheritdoc/>
    public override IExamples HeldOut() =>
        _own.Test.Select(PositionsOf(_own.Test, _tested, label => label != Unknown)).Relabel(label => _tested[label]);

    /// <inheritdoc/>
    protected override int NodesOf(int task) => Math.Max(1, Settings.Library!.Tasks[task].Nodes.Length);

    private static int[] PositionsOf(ImageSet images, int[] labels, Predicate<int> isMeant) =>
        [.. Enumerable.Range(0, images.Count).Where(position => isMeant(labels[images.Labels[position]]))];

    /// <summary>The library's label of each of the party's classes; unknown for others, and for classes of too few.</summary>
    private int[] LabelsOf(ImageSet images, int least)
    {
        string[] known = Settings.Library!.ClassNames;
        int[] counts = new int[_own.ClassNames.Count];
        foreach (int label in images.Labels)
            counts[label]++;
        return
        [
            .. _own.ClassNames.Select((name, label) => counts[label] < least ? Unknown : Array.IndexOf(known, name)),
        ];
    }
}

/// <summary>Opens the data of nodes: of experiments by their settings, of parties by this silo's own.</summary>
internal sealed class NodeDataSource(DatasetCache datasets, OfferedNodes offered) : INodeDataSource
{
    private readonly SimulatedNodes _simulated = new(datasets);

    public async Task<INodeData> OpenAsync(RunSettings settings, int node)
    {
        if (settings.Library is not { } plan)
            return await _simulated.OpenAsync(settings, node);
        var own = await datasets.GetAsync(offered.Of(plan.Nodes[node]).At(settings.Data.ImageSize));
        return new PartyData(own, RunData.OfLibrary(settings), node);
    }
}
