using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Orleans.Concurrency;

namespace Dmkd.Contracts.Libraries;

/// <summary>Knows the libraries and the runs that fill them. One per cluster: key <see cref="Key"/>.</summary>
[Alias("dmkd.ILibraryDirectoryGrain")]
public interface ILibraryDirectoryGrain : IGrainWithStringKey
{
    /// <summary>The only key.</summary>
    const string Key = "libraries";

    /// <summary>Adds a run or replaces what is known of it.</summary>
    [Alias("record")]
    Task RecordRunAsync(RunSummary summary, CancellationToken cancellationToken = default);

    /// <summary>Takes a run out; one that is not known changes nothing.</summary>
    [Alias("forget")]
    Task ForgetRunAsync(string runId, CancellationToken cancellationToken = default);

    /// <summary>The runs, oldest first.</summary>
    [AlwaysInterleave, Alias("runs")]
    Task<IReadOnlyList<RunSummary>> ListRunsAsync(CancellationToken cancellationToken = default);
}

/// <summary>A line about a run.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.RunSummary")]
public sealed record RunSummary
{
    /// <summary>The run.</summary>
    [Id(0)]
    public required string RunId { get; init; }

    /// <summary>Library it fills.</summary>
    [Id(1)]
    public required string Library { get; init; }

    /// <summary>Data set it learns.</summary>
    [Id(2)]
    public required DataSource Data { get; init; }

    /// <summary>Where it is.</summary>
    [Id(3)]
    public required RunPhase Phase { get; init; }

    /// <summary>When it began.</summary>
    [Id(4)]
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Whether it was stopped and waits to be resumed.</summary>
    [Id(5)]
    public bool IsStopped { get; init; }
}
