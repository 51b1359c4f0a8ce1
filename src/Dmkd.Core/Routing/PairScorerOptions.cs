using System.ComponentModel.DataAnnotations;

namespace Dmkd.Core.Routing;

/// <summary>How a <see cref="PairScorer"/> is fitted.</summary>
public sealed record PairScorerOptions
{
    /// <summary>Hidden units. Default: 16.</summary>
    [Range(1, 1024)]
    public int Hidden { get; init; } = 16;

    /// <summary>Steps over all exemplars. Default: 300.</summary>
    [Range(1, 100_000)]
    public int Steps { get; init; } = 300;

    /// <summary>Adam's learning rate at the first step; falls to 0 by a cosine. Default: 0.02.</summary>
    [Range(1e-6, 1)]
    public double LearningRate { get; init; } = 0.02;

    /// <summary>Decoupled weight decay, as a factor of the learning rate. Default: 0.05.</summary>
    [Range(0, 10)]
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Seed of the first weights.</summary>
    public int Seed { get; init; }
}
