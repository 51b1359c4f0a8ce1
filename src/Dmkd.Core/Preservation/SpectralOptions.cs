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
    /// Gets or sets whether every space is split alike, so that each cluster gets units in every layer as an expert needs. The
    /// eigenvectors are then sought among those that are balanced within each space (mean 0, weighted by degree). Without it, as the
    /// proposal has it to the letter, the cheapest cut of a trained network runs between layers: clusters are whole layers. Default: true.
    /// </summary>
    public bool SplitEverySpace { get; set; } = true;
}
