using System.ComponentModel.DataAnnotations;

namespace Dmkd.Core.Preservation;

/// <summary>How a network is partitioned (proposal 3.2.2).</summary>
public sealed class SpectralOptions
{
    /// <summary>Gets or sets the seed of the k-means starts. Default: 0.</summary>
    public int Seed { get; set; }

    /// <summary>Gets or sets the number of k-means starts, of which the tightest is kept. Default: 10.</summary>
    [Range(1, 1000)]
    public int Restarts { get; set; } = 10;

    /// <summary>Gets or sets the most k-means iterations of one start. Default: 100.</summary>
    [Range(1, 10_000)]
    public int MaximumIterations { get; set; } = 100;

    /// <summary>
    /// Gets or sets whether the eigenvectors are sought among those that are balanced within each space (mean 0, weighted by
    /// degree), so that clusters run through the layers as experts do. False is the proposal to the letter; on a trained convnet
    /// its cheapest cut ran between layers. With several clusters some may still miss a layer: unit selection fills it. Default: true.
    /// </summary>
    public bool SplitEverySpace { get; set; } = true;

    /// <summary>
    /// Gets or sets whether the units of every space are dealt out to the clusters evenly, each to the nearest centre that has room,
    /// so that a cluster is a set of channels in every layer, as the proposal says. K-means alone leaves one cluster of a trained
    /// ResNet-20 with nine tenths of the importance of every class. Default: false.
    /// </summary>
    public bool BalanceSpaces { get; set; }
}
