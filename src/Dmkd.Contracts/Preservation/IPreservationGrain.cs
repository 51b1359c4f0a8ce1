using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Orleans.Concurrency;

namespace Dmkd.Contracts.Preservation;

/// <summary>Makes a legacy model into a library of experts (proposal 3.2). Key: the library's name.</summary>
[Alias("dmkd.IPreservationGrain")]
public interface IPreservationGrain : IGrainWithStringKey
{
    /// <summary>Begins and returns at once.</summary>
    /// <exception cref="InvalidOperationException">The library exists.</exception>
    [Alias("start")]
    Task StartAsync(PreservationRequest request, CancellationToken cancellationToken = default);

    /// <summary>
    /// Goes on from what was stored last, also after a failure; work at hand or completed stays as it is.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such preservation.</exception>
    [Alias("resume")]
    Task ResumeAsync(CancellationToken cancellationToken = default);

    /// <summary>Has the preservation read its data from another place; the data must be the same (<see cref="DataContents"/>).</summary>
    /// <param name="path">Folder or file, as every silo knows it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="InvalidOperationException">There is no such preservation.</exception>
    [Alias("moveData")]
    Task MoveDataAsync(string path, CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes what is stored of the preservation, and its library. A repeat after a failure goes on; of what is gone
    /// it removes nothing.
    /// </summary>
    /// <returns>How many modules were removed, and no nodes.</returns>
    /// <exception cref="InvalidOperationException">It is at work, or a run that is not over takes its
    /// experts.</exception>
    [Alias("remove")]
    Task<RemovedRun> RemoveAsync(CancellationToken cancellationToken = default);

    /// <summary>What was asked for, or null when nothing was.</summary>
    [AlwaysInterleave, Alias("request")]
    Task<PreservationRequest?> GetRequestAsync(CancellationToken cancellationToken = default);

    /// <summary>Where the work is, with the events after a sequence number, as far back as they are kept.</summary>
    [AlwaysInterleave, Alias("progress")]
    Task<PreservationProgress> GetProgressAsync(long afterEvent, CancellationToken cancellationToken = default);

    /// <summary>The report, or null before the library is complete.</summary>
    [AlwaysInterleave, Alias("report")]
    Task<PreservationReport?> GetReportAsync(CancellationToken cancellationToken = default);
}

/// <summary>Asks for a legacy model to be made into a library of experts (proposal 3.2).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.PreservationRequest")]
public sealed record PreservationRequest
{
    /// <summary>How.</summary>
    [Id(0)]
    public required PreservationSettings Settings { get; init; }

    /// <summary>
    /// Digest in the weight store of the imported legacy model: safetensors, or a TorchScript program.
    /// </summary>
    [Id(1)]
    public required string LegacyDigest { get; init; }

    /// <summary>
    /// Whether the legacy model is a TorchScript program: a teacher that cannot be cut, so that a surrogate is
    /// distilled first.
    /// </summary>
    [Id(2)]
    public bool IsTorchScript { get; init; }

    /// <summary>Name of the file it came from, for people.</summary>
    [Id(3)]
    public required string SourceName { get; init; }
}

/// <summary>Where a preservation is.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.PreservationProgress")]
public sealed record PreservationProgress
{
    /// <summary>The stage.</summary>
    [Id(0)]
    public required PreservationStage Stage { get; init; }

    /// <summary>The parts known so far, in the order they began.</summary>
    [Id(1)]
    public PreservationTrack[] Tracks { get; init; } = [];

    /// <summary>Events after the sequence number asked for, oldest first.</summary>
    [Id(2)]
    public RunEvent[] Events { get; init; } = [];

    /// <summary>What went wrong, when failed.</summary>
    [Id(3)]
    public string? Error { get; init; }

    /// <summary>What its silo waits for, such as room on its disk; null when it waits for nothing.</summary>
    [Id(4)]
    public string? Waiting { get; init; }
}

/// <summary>How far one part of a preservation is.</summary>
/// <param name="Name">What is done.</param>
/// <param name="Share">Share done, in [0, 1].</param>
[GenerateSerializer, Immutable, Alias("dmkd.PreservationTrack")]
public readonly record struct PreservationTrack([property: Id(0)] string Name, [property: Id(1)] double Share);

/// <summary>Stages of a preservation. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.PreservationStage")]
public enum PreservationStage
{
    /// <summary>Nothing was asked for yet.</summary>
    Idle = 0,

    /// <summary>A surrogate that can be cut is distilled from a TorchScript program.</summary>
    Surrogate = 1,

    /// <summary>Units are scored and partitioned, experts cut out (proposal 3.2.1 to 3.2.3).</summary>
    Cut = 2,

    /// <summary>Experts and gate are distilled (proposal 3.2.4).</summary>
    Distil = 3,

    /// <summary>The modules are published and the library is evaluated.</summary>
    Publish = 4,

    /// <summary>The library is complete.</summary>
    Completed = 5,

    /// <summary>It cannot go on; see the error.</summary>
    Failed = 6,
}

/// <summary>
/// Everything that decides what experts come out of a legacy model. Same settings on the same kind of device, same
/// numbers.
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.PreservationSettings")]
public sealed record PreservationSettings
{
    /// <summary>
    /// Images to calibrate, distil and evaluate with; its classes are the legacy model's outputs, in order.
    /// </summary>
    [Id(0)]
    public required DataSource Data { get; init; }

    /// <summary>
    /// Text form of the legacy model's architecture; of the surrogate's when the legacy model is a TorchScript program.
    /// </summary>
    [Id(1)]
    public required string Architecture { get; init; }

#pragma warning disable CS1591 // the descriptions are the documentation
    [
        Id(2),
        DataType("normalisation"),
        DisplayName("normalize"),
        Description("Normalisation the model was trained with: {0}, or mean=...;std=... with a number for each channel")
    ]
    public string Normalisation { get; init; } = "imagenet";

    [Id(3), Range(1, 1000), Description("Experts to make (K)")]
    public int Experts { get; init; } = 2;

    [Id(4), Range(0.0, 1.0), Description("Share of legacy weights in the experts' first version (alpha)")]
    public double Alpha { get; init; } = 0.5;

    /// <summary>Classes of each expert; null for what <see cref="Grouping"/> says.</summary>
    [Id(5)]
    public int[][]? ClassGroups { get; init; }

    [Id(19), DataType("grouping"), Description("How classes are shared out without --classes-per-expert")]
    public string Grouping { get; init; } = "similarity";

    [
        Id(8),
        Range(0.0, 1.0),
        Description("Most multiply-adds of an expert as a share of the model's; 0 for the widths its cluster owns")
    ]
    public double ExpertSize { get; init; } = 0.3;

    [
        Id(10),
        Range(0.0, 1.0),
        Description("Most multiply-adds of the gate network as a share of the model's; 0 for no gate network")
    ]
    public double GateSize { get; init; } = 0.1;

    [
        Id(20),
        Range(0.0, 100.0),
        Description("What the gate network's logits count beside an expert's in the evaluation")
    ]
    public double GateVote { get; init; } = 0.5;

    [
        Id(9),
        Range(0.0, 1.0),
        DisplayName("min-width"),
        Description("Least width of every layer of an expert as a share of the model's")
    ]
    public double MinimumWidth { get; init; } = 0.25;

    [Id(6), DataType("partition"), Description("How units are divided")]
    public string Partition { get; init; } = "importance";

    [Id(7), DataType("importance"), Description("How importance is measured")]
    public string Scores { get; init; } = "gradient";

    [
        Id(11),
        Range(2, 1_000_000),
        Description("Images per class that importance and batch-norm statistics are measured on")
    ]
    public int CalibrationPerClass { get; init; } = 100;

    [Id(12), Range(0, 10_000), Description("Passes over an expert's images when it is distilled; 0 for none")]
    public int Epochs { get; init; } = 8;

    [
        Id(18),
        Range(0, 10_000),
        Description("Passes over all images when the gate network (or a surrogate) is distilled")
    ]
    public int GateEpochs { get; init; } = 8;

    [Id(13), Range(2, 65_536), Description("Images per step")]
    public int BatchSize { get; init; } = 64;

    [Id(14), Range(1e-8, 10.0), Description("Learning rate of Adam at the start; it falls to 0")]
    public double LearningRate { get; init; } = 3e-3;

    [Id(15), Range(0.01, 100.0), Description("Temperature of the distillation loss")]
    public double Temperature { get; init; } = 1;

    [Id(16), DisplayName("no-augment"), Description("Do not mirror and shift images at random")]
    public bool Augment { get; init; } = true;

    [Id(17), Range(0, int.MaxValue), Description("Seed of everything random")]
    public int Seed { get; init; } = 1;
#pragma warning restore CS1591
}
