using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Routing;

namespace Dmkd.Contracts.Runs;

/// <summary>Everything that decides a run's result. Same settings on the same kind of device, same numbers.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.RunSettings")]
public sealed record RunSettings
{
    /// <summary>The data set.</summary>
    [Id(0)]
    public required DataSource Data { get; init; }

    /// <summary>Number of tasks the classes are split into. Default: 5.</summary>
    [Id(1), Range(1, 1000)]
    public int Tasks { get; init; } = 5;

    /// <summary>Number of nodes the training data is spread over. Default: 4.</summary>
    [Id(2), Range(1, 1000)]
    public int Nodes { get; init; } = 4;

    /// <summary>Rounds of local updates per task. Default: 6.</summary>
    [Id(3), Range(1, 100_000)]
    public int Rounds { get; init; } = 6;

    /// <summary>Passes over a node's data per local update. Default: 4.</summary>
    [Id(4), Range(1, 10_000)]
    public int Epochs { get; init; } = 4;

    /// <summary>Rounds between merges, the proposal's τ; the last round always merges. Default: 1.</summary>
    [Id(5), Range(1, 100_000)]
    public int MergeEvery { get; init; } = 1;

    /// <summary>Rank kept of each update, the proposal's r; 0 sends updates whole. Default: 8.</summary>
    [Id(6), Range(0, 4096)]
    public int Rank { get; init; } = 8;

    /// <summary>Share of legacy weights in preserved experts, the proposal's α. Default: 0.5.</summary>
    [Id(7), Range(0.0, 1.0)]
    public double Alpha { get; init; } = 0.5;

    /// <summary>How inputs are routed: gate, R and β. Default: evidence, 1, 0.</summary>
    [Id(8)]
    public RoutingSettings Routing { get; init; } = new("evidence", 1, 0);

    /// <summary>Concentration of the Dirichlet draw that makes the nodes' data non-IID: small is uneven, infinity is even. Default: 1.</summary>
    [Id(9), Range(0.001, double.PositiveInfinity)]
    public double Dirichlet { get; init; } = 1;

    /// <summary>Seed of everything random. Default: 1.</summary>
    [Id(10), Range(0, int.MaxValue)]
    public int Seed { get; init; } = 1;

    /// <summary>First tasks whose classes the legacy model knows. Default: 2.</summary>
    [Id(11), Range(0, 1000)]
    public int LegacyTasks { get; init; } = 2;

    /// <summary>Passes over its data when the legacy model is trained. Default: 8.</summary>
    [Id(12), Range(1, 10_000)]
    public int LegacyEpochs { get; init; } = 8;

    /// <summary>Passes over the legacy owner's images of its classes when a preserved expert is distilled. Default: 4.</summary>
    [Id(13), Range(1, 10_000)]
    public int DistillationEpochs { get; init; } = 4;

    /// <summary>Weight of the distillation loss in local updates, the proposal's λ. Default: 0.</summary>
    [Id(14), Range(0.0, 1000.0)]
    public double Lambda { get; init; }

    /// <summary>Images per training step. Default: 32.</summary>
    [Id(15), Range(1, 65_536)]
    public int BatchSize { get; init; } = 32;

    /// <summary>Learning rate of the first round; falls by a cosine over a task's rounds. Default: 0.002.</summary>
    [Id(16), Range(1e-8, 10.0)]
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Channels of an expert's layers without <see cref="Architecture"/>; a legacy model has twice as many. Default: 16, 32, 64, 64.</summary>
    [Id(17)]
    public int[] Widths { get; init; } = [16, 32, 64, 64];

    /// <summary>Images per class in calibration sets. Default: 100.</summary>
    [Id(18), Range(2, 1_000_000)]
    public int CalibrationPerClass { get; init; } = 100;

    /// <summary>Longest time a round waits for its nodes; what the first round waits. Default: 30 minutes.</summary>
    [Id(19)]
    public TimeSpan RoundDeadline { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Share of the nodes that must have submitted when the deadline passes, in (0, 1]. Default: 0.5.</summary>
    [Id(20), Range(0.0, 1.0)]
    public double Quorum { get; init; } = 0.5;

    /// <summary>How a module's updates are merged, one of <see cref="MergeRuleNames"/>. Default: nnm (docs/adr/0017).</summary>
    [Id(21)]
    public string MergeRule { get; init; } = MergeRuleNames.Mixing;

    /// <summary>How updates are sent, one of <see cref="CompressorNames"/>. Default: svd.</summary>
    [Id(22)]
    public string Compressor { get; init; } = CompressorNames.Svd;

    /// <summary>Whether updates travel as fp16. Default: no.</summary>
    [Id(23)]
    public bool HalfPrecision { get; init; }

    /// <summary>Whether a node adds to its next update what compression dropped from the last. Default: no.</summary>
    [Id(24)]
    public bool ErrorFeedback { get; init; }

    /// <summary>Learning rate of the outer optimizer; 1 adds the merged update as it is. Default: 1.</summary>
    [Id(25), Range(1e-3, 10.0)]
    public double OuterLearningRate { get; init; } = 1;

    /// <summary>Nesterov momentum of the outer optimizer, as in DiLoCo. Default: 0.</summary>
    [Id(26), Range(0.0, 0.999)]
    public double OuterMomentum { get; init; }

    /// <summary>A merge that costs more accuracy on the nodes' calibration data is refused, in [0, 1]; null accepts every merge.</summary>
    [Id(27), Range(0.0, 1.0)]
    public double? MaxDrop { get; init; }

    /// <summary>Nodes that hold each module; 0 for all. Default: 0.</summary>
    [Id(28), Range(0, 1000)]
    public int Holders { get; init; }

    /// <summary>Share of a module's holders drawn for each round, in (0, 1]. Default: 1.</summary>
    [Id(29), Range(0.001, 1.0)]
    public double Participation { get; init; } = 1;

    /// <summary>Shortest deadline of a round, however fast the last ones were; a node that has not answered for so long is not waited for. Default: 30 seconds.</summary>
    [Id(30)]
    public TimeSpan ShortestWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A round waits for the median of past arrivals plus this many median absolute deviations. Default: 6.</summary>
    [Id(31), Range(0.0, 1000.0)]
    public double WaitSpread { get; init; } = 6;

    /// <summary>Whether every node starts a module from first weights of its own. Default: no.</summary>
    [Id(32)]
    public bool OwnFirstWeights { get; init; }

    /// <summary>Whether replicas with different first weights are aligned before their first merge. Default: no.</summary>
    [Id(33)]
    public bool Alignment { get; init; }

    /// <summary>Whether batch-norm statistics are measured anew on the nodes' data after a merge. Default: no.</summary>
    [Id(34)]
    public bool ReestimateBatchNorm { get; init; }

    /// <summary>
    /// Training images that the nodes keep to fit the routing to, in all: split evenly over the classes seen, then over the nodes. They never
    /// leave their node. Default: 0.
    /// </summary>
    [Id(35), Range(0, 1_000_000)]
    public int Exemplars { get; init; }

    /// <summary>How the evidence of different experts is made comparable, one of <see cref="CalibrationNames"/>. Default: discriminant; other gates than <c>evidence</c> take none.</summary>
    [Id(36)]
    public string Calibration { get; init; } = CalibrationNames.Discriminant;

    /// <summary>First weights of a task's expert that was not preserved, one of <see cref="StartNames"/>. Default: previous.</summary>
    [Id(37)]
    public string StartFrom { get; init; } = StartNames.Previous;

    /// <summary>Whether experts learn one more output for destroyed images, whose logit is subtracted from their scores. Default: no.</summary>
    [Id(38)]
    public bool UnknownOutput { get; init; }

    /// <summary>Whether a training step shows every image in all four rotations; else a quarter of the images in each. Default: yes.</summary>
    [Id(39)]
    public bool AllRotations { get; init; } = true;

    /// <summary>Device that the nodes' silos must have, one of <see cref="DeviceNames"/>. Default: any.</summary>
    [Id(40)]
    public string Device { get; init; } = DeviceNames.Any;

    /// <summary>
    /// A finished run whose experts this one takes over instead of learning them: all but the routing must be equal (<see cref="LearnsAs"/>), so
    /// that the result is that of a run that learns. Null to learn.
    /// </summary>
    [Id(41), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ExpertsOf { get; init; }

    /// <summary>
    /// Networks of the run, by name or text form as <c>preserve</c> takes them: the legacy model is one, experts are cut from it or of its family.
    /// Null for convolutional networks of <see cref="Widths"/>.
    /// </summary>
    [Id(42), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Architecture { get; init; }

    /// <summary>Whether a run with other settings learns the same experts: only how inputs find them differs.</summary>
    /// <param name="other">The other settings.</param>
    public bool LearnsAs(RunSettings other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return WithoutRouting() with { Widths = other.Widths } == other.WithoutRouting() && Widths.SequenceEqual(other.Widths);
    }

    /// <summary>The most similar expert is found by its evidence, hence by the routing.</summary>
    private RunSettings WithoutRouting() => this with
    {
        Routing = StartFrom == StartNames.Similar ? Routing : new RoutingSettings("", 0, 0),
        Calibration = "",
        Exemplars = 0,
        ExpertsOf = null,
    };
}
