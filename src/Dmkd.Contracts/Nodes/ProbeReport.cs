namespace Dmkd.Contracts.Nodes;

/// <summary>What a node measured. Sums where it can be, so that nodes can be added up.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ProbeReport")]
public abstract record ProbeReport
{
    /// <summary>Device time, in seconds.</summary>
    [Id(0)]
    public double DeviceSeconds { get; init; }

    /// <summary>Bytes of weights fetched.</summary>
    [Id(1)]
    public long DownloadedBytes { get; init; }
}

/// <summary>A node's share of a module's statistics.</summary>
/// <param name="EntropySum">Sum of the entropies, in nats.</param>
/// <param name="SampleCount">Number of inputs.</param>
/// <param name="EvidenceSum">Sum of the module's evidence for the inputs: the score of the run's gate <c>evidence</c>.</param>
[GenerateSerializer, Immutable, Alias("dmkd.EntropyReport")]
public sealed record EntropyReport(
    [property: Id(0)] double EntropySum, [property: Id(1)] long SampleCount, [property: Id(2)] double EvidenceSum) : ProbeReport;

/// <summary>What a node found about two versions.</summary>
/// <param name="SampleCount">Number of inputs.</param>
/// <param name="RightBefore">Inputs that the old version gets right.</param>
/// <param name="RightAfter">Inputs that the new one gets right.</param>
/// <param name="LossBefore">Sum of the old version's cross-entropies, in nats.</param>
/// <param name="LossAfter">Sum of the new one's cross-entropies, in nats.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ComparisonReport")]
public sealed record ComparisonReport(
    [property: Id(0)] long SampleCount, [property: Id(1)] long RightBefore, [property: Id(2)] long RightAfter,
    [property: Id(3)] double LossBefore, [property: Id(4)] double LossAfter) : ProbeReport;

/// <summary>Batch-norm statistics of merged weights on a node's data.</summary>
/// <param name="SampleCount">Number of inputs.</param>
/// <param name="Statistics">Running means and variances, as safetensors.</param>
[GenerateSerializer, Immutable, Alias("dmkd.StatisticsReport")]
public sealed record StatisticsReport([property: Id(0)] long SampleCount, [property: Id(1)] byte[] Statistics) : ProbeReport;

/// <summary>What a node tells about some of its exemplars: numbers made of them, never the inputs.</summary>
/// <param name="Total">Exemplars of the node in all.</param>
/// <param name="Labels">The data set's class index of each exemplar of this report.</param>
/// <param name="ClassScores">The module's class scores, fp32 little-endian, shape [exemplars, classes].</param>
/// <param name="Descriptors">Descriptors, fp32 little-endian, shape [exemplars, numbers]; empty when they were not wanted.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ExemplarReport")]
public sealed record ExemplarReport(
    [property: Id(0)] int Total, [property: Id(1)] int[] Labels, [property: Id(2)] byte[] ClassScores, [property: Id(3)] byte[] Descriptors) : ProbeReport
{
    /// <summary>Bytes of what is told.</summary>
    public long Bytes => sizeof(int) * (Labels.Length + 1L) + ClassScores.Length + Descriptors.Length;
}

/// <summary>Moments of a node's inputs in a module's feature space: sums over inputs, never a single one's numbers.</summary>
/// <param name="Width">Number of features.</param>
/// <param name="Classes">The data set's index of each class of the task.</param>
/// <param name="Counts">Inputs measured of each class.</param>
/// <param name="Sums">Sum of the features of each class, fp32 little-endian, shape [classes, features].</param>
/// <param name="Products">Upper triangle of the sum of products of two features, fp32 little-endian, row by row.</param>
[GenerateSerializer, Immutable, Alias("dmkd.MomentsReport")]
public sealed record MomentsReport(
    [property: Id(0)] int Width, [property: Id(1)] int[] Classes, [property: Id(2)] long[] Counts, [property: Id(3)] byte[] Sums,
    [property: Id(4)] byte[] Products) : ProbeReport
{
    /// <summary>Bytes of what is told.</summary>
    public long Bytes => (sizeof(int) + sizeof(long)) * Classes.Length + Sums.Length + (long)Products.Length;
}
