using Dmkd.Core.Merging.Rules;
using Dmkd.Data.Images;

namespace Dmkd.Chaos.Poisoning;

/// <summary>What the poisoning study runs.</summary>
internal sealed record PoisonSettings
{
    /// <summary>Attacks, of <see cref="AttackNames.All"/>. Default: all.</summary>
    public IReadOnlyList<string> Attacks { get; init; } = AttackNames.All;

    /// <summary>Shares of the nodes that attack, in (0, 0.5). Default: 0.1, 0.2, 0.3.</summary>
    public IReadOnlyList<double> Fractions { get; init; } = [0.1, 0.2, 0.3];

    /// <summary>Merge rules, with or without a parameter. Default: all.</summary>
    public IReadOnlyList<string> Rules { get; init; } = IMergeRule.Known.Names;

    /// <summary>Nodes, those that attack among them. Default: 10.</summary>
    public int Nodes { get; init; } = 10;

    /// <summary>Rounds. Default: 5.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Seed of data, shards, first weights, training and choice of attackers. Default: 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Runs per cell, with a seed each; rows hold their means. Default: 1.</summary>
    public int Repeats { get; init; } = 1;

    /// <summary>The data; its seed is the run's. Default: synthetic.</summary>
    public DatasetSpec Data { get; init; } = new() { TrainPerClass = 600, TestPerClass = 500 };

    /// <summary>Classes used, the data set's first. Default: 4.</summary>
    public int Classes { get; init; } = 4;

    /// <summary>
    /// Whether images are brought to half their height and width: a quarter of the work. Default: yes.
    /// </summary>
    public bool Halves { get; init; } = true;

    /// <summary>Passes over a node's images in a round. Default: 10.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Images per training step. Default: 16.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Learning rate of the first round. Default: 0.01.</summary>
    public double LearningRate { get; init; } = 0.01;

    /// <summary>Concentration of the Dirichlet draw that makes the nodes' data non-IID. Default: 1.</summary>
    public double Dirichlet { get; init; } = 1;

    /// <summary>Channels of the network's layers. Default: 8, 16, 32.</summary>
    public IReadOnlyList<int> Widths { get; init; } = [8, 16, 32];

    /// <summary>Images that an inflating node claims. Default: 10^9.</summary>
    public long Claim { get; init; } = 1_000_000_000;
}
