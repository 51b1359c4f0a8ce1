using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Settings;
using Orleans.Concurrency;

namespace Dmkd.Contracts.Nodes;

/// <summary>
/// A holder of private data: trains modules on it and sends updates, never data. Key: <c>library/node</c>.
/// </summary>
[Alias("dmkd.INodeGrain")]
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>
    /// Begins a local update and returns at once; a repeat of running or finished work changes nothing.
    /// </summary>
    [Alias("start")]
    Task StartLocalUpdateAsync(LocalUpdateRequest request, CancellationToken cancellationToken = default);

    /// <summary>Where a local update is.</summary>
    /// <param name="workKey">The request's <see cref="LocalUpdateRequest.WorkKey"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    [AlwaysInterleave, Alias("status")]
    Task<LocalUpdateStatus> GetLocalUpdateAsync(string workKey, CancellationToken cancellationToken = default);

    /// <summary>Measures a version of a module on the node's data; a repeat measures again, the same numbers.</summary>
    /// <returns>The report that the request's <see cref="Probe"/> names.</returns>
    [AlwaysInterleave, Alias("probe"), ResponseTimeout("06:00:00")]
    Task<ProbeReport> ProbeAsync(ProbeRequest request, CancellationToken cancellationToken = default);

    /// <summary>Removes what is stored of the node, and ends what it is at.</summary>
    /// <returns>Whether anything was stored.</returns>
    [Alias("remove")]
    Task<bool> RemoveAsync(CancellationToken cancellationToken = default);
}

/// <summary>Has a node measure a version of a module on its own data. The data stay where they are.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ProbeRequest")]
public sealed record ProbeRequest
{
    /// <summary>The node's place among the run's nodes, from 0.</summary>
    [Id(0)]
    public required int NodeIndex { get; init; }

    /// <summary>Task whose data are measured; of exemplars the last task whose classes have been seen.</summary>
    [Id(1)]
    public required int Task { get; init; }

    /// <summary>The module.</summary>
    [Id(2)]
    public required ModuleDescriptor Module { get; init; }

    /// <summary>The version to measure; it need not be published yet.</summary>
    [Id(3)]
    public required ModuleVersion Version { get; init; }

    /// <summary>The run's settings.</summary>
    [Id(4)]
    public required RunSettings Settings { get; init; }

    /// <summary>What is measured.</summary>
    [Id(5)]
    public required Probe Probe { get; init; }
}

/// <summary>What a node measures.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.Probe")]
public abstract record Probe;

/// <summary>
/// Entropy of the predictions, and the evidence seen, on the calibration set (proposal 3.3). Answer:
/// <see cref="EntropyReport"/>.
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.EntropyProbe")]
public sealed record EntropyProbe : Probe;

/// <summary>
/// Accuracy and loss beside those of another version, on the calibration set. Answer: <see cref="ComparisonReport"/>.
/// </summary>
/// <param name="Before">The version to compare with: the one that serves.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ComparisonProbe")]
public sealed record ComparisonProbe([property: Id(0)] ModuleVersion Before) : Probe;

/// <summary>
/// Batch-norm statistics, measured anew on the calibration set. Answer: <see cref="StatisticsReport"/>.
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.StatisticsProbe")]
public sealed record StatisticsProbe : Probe;

/// <summary>
/// Class scores of some of the node's exemplars (docs/adr/0018). Answer: <see cref="ExemplarReport"/>.
/// </summary>
/// <param name="First">First exemplar, from 0; the node answers for up to <see cref="MaxExemplars"/>.</param>
/// <param name="WantsDescriptors">Whether descriptors are wanted.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ExemplarProbe")]
public sealed record ExemplarProbe([property: Id(0)] int First, [property: Id(1)] bool WantsDescriptors) : Probe
{
    /// <summary>Most exemplars of one request: its work is bounded.</summary>
    public const int MaxExemplars = 500;
}

/// <summary>
/// Moments of the inputs' features in the module's space (docs/adr/0019). Answer: <see cref="MomentsReport"/>.
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.MomentsProbe")]
public sealed record MomentsProbe : Probe
{
    /// <summary>Most inputs that a node measures; of more it draws as many of each class.</summary>
    public const int MaxInputs = 2_000;

    /// <summary>Most features, over all views: what is told grows with their square.</summary>
    public const int MaxFeatures = 1_024;
}

/// <summary>
/// Answers of the library's router to the examples that the node keeps for testing, found on the node's own machine.
/// Answer: <see cref="EvaluationReport"/>. For nodes of parties.
/// </summary>
/// <param name="Modules">The library's modules at the versions to evaluate.</param>
/// <param name="Gate">What its routing was fitted to; null where it needs no fit.</param>
[GenerateSerializer, Immutable, Alias("dmkd.EvaluationProbe")]
public sealed record EvaluationProbe([property: Id(0)] ModuleSnapshot[] Modules, [property: Id(1)] FittedGate? Gate)
    : Probe;

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
/// <param name="EvidenceSum">Sum of the module's evidence for the inputs: the score of the run's gate
/// <c>evidence</c>.</param>
[GenerateSerializer, Immutable, Alias("dmkd.EntropyReport")]
public sealed record EntropyReport(
    [property: Id(0)] double EntropySum,
    [property: Id(1)] long SampleCount,
    [property: Id(2)] double EvidenceSum
) : ProbeReport;

/// <summary>What a node found about two versions.</summary>
/// <param name="SampleCount">Number of inputs.</param>
/// <param name="RightBefore">Inputs that the old version gets right.</param>
/// <param name="RightAfter">Inputs that the new one gets right.</param>
/// <param name="LossBefore">Sum of the old version's cross-entropies, in nats.</param>
/// <param name="LossAfter">Sum of the new one's cross-entropies, in nats.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ComparisonReport")]
public sealed record ComparisonReport(
    [property: Id(0)] long SampleCount,
    [property: Id(1)] long RightBefore,
    [property: Id(2)] long RightAfter,
    [property: Id(3)] double LossBefore,
    [property: Id(4)] double LossAfter
) : ProbeReport;

/// <summary>Batch-norm statistics of merged weights on a node's data.</summary>
/// <param name="SampleCount">Number of inputs.</param>
/// <param name="Statistics">Running means and variances, as safetensors.</param>
[GenerateSerializer, Immutable, Alias("dmkd.StatisticsReport")]
public sealed record StatisticsReport([property: Id(0)] long SampleCount, [property: Id(1)] byte[] Statistics)
    : ProbeReport;

/// <summary>What a node tells about some of its exemplars: numbers made of them, never the inputs.</summary>
/// <param name="Total">Exemplars of the node in all.</param>
/// <param name="Labels">The data set's class index of each exemplar of this report.</param>
/// <param name="ClassScores">The module's class scores, fp32 little-endian, shape [exemplars, classes].</param>
/// <param name="Descriptors">Descriptors, fp32 little-endian, shape [exemplars, numbers]; empty when they were not
/// wanted.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ExemplarReport")]
public sealed record ExemplarReport(
    [property: Id(0)] int Total,
    [property: Id(1)] int[] Labels,
    [property: Id(2)] byte[] ClassScores,
    [property: Id(3)] byte[] Descriptors
) : ProbeReport
{
    /// <summary>Bytes of what is told.</summary>
    public long Bytes => sizeof(int) * (Labels.Length + 1L) + ClassScores.Length + Descriptors.Length;
}

/// <summary>
/// What a library's router answers on a node's held-out examples: counts. A class of which the node keeps fewer than
/// <see cref="LibraryPlan.MinClassCount"/> is left out.
/// </summary>
/// <param name="Classes">Number of the library's classes, C.</param>
/// <param name="Confusion">Examples by class and answered class, the task unknown; shape [C, C], row by row.</param>
/// <param name="RightInTask">Examples of each class that are answered right when the task is known; shape [C].</param>
/// <param name="FoundTask">Examples of each class whose most probable expert is their task's; shape [C].</param>
[GenerateSerializer, Immutable, Alias("dmkd.EvaluationReport")]
public sealed record EvaluationReport(
    [property: Id(0)] int Classes,
    [property: Id(1)] int[] Confusion,
    [property: Id(2)] int[] RightInTask,
    [property: Id(3)] int[] FoundTask
) : ProbeReport
{
    /// <summary>Bytes of what is told.</summary>
    public long Bytes => sizeof(int) * (Confusion.Length + RightInTask.Length + (long)FoundTask.Length);
}

/// <summary>
/// Moments of a node's inputs in a module's feature space: sums over inputs, never a single one's numbers.
/// </summary>
/// <param name="Width">Number of features.</param>
/// <param name="Classes">The data set's index of each class of the task.</param>
/// <param name="Counts">Inputs measured of each class.</param>
/// <param name="Sums">Sum of the features of each class, fp32 little-endian, shape [classes, features].</param>
/// <param name="Products">Upper triangle of the sum of products of two features, fp32 little-endian, row by
/// row.</param>
[GenerateSerializer, Immutable, Alias("dmkd.MomentsReport")]
public sealed record MomentsReport(
    [property: Id(0)] int Width,
    [property: Id(1)] int[] Classes,
    [property: Id(2)] long[] Counts,
    [property: Id(3)] byte[] Sums,
    [property: Id(4)] byte[] Products
) : ProbeReport
{
    /// <summary>Bytes of what is told.</summary>
    public long Bytes => (sizeof(int) + sizeof(long)) * Classes.Length + Sums.Length + (long)Products.Length;
}
