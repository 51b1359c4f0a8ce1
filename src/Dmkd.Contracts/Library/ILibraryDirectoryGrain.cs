using Orleans.Concurrency;

namespace Dmkd.Contracts.Library;

/// <summary>Knows the libraries and the runs that fill them. One per cluster: key <see cref="Key"/>.</summary>
[Alias("dmkd.ILibraryDirectoryGrain")]
public interface ILibraryDirectoryGrain : IGrainWithStringKey
{
    /// <summary>The only key.</summary>
    const string Key = "libraries";

    /// <summary>Adds a run or replaces what is known of it.</summary>
    [Alias("record")]
    Task RecordRunAsync(RunSummary summary, CancellationToken cancellationToken = default);

    /// <summary>The runs, oldest first.</summary>
    [AlwaysInterleave, Alias("runs")]
    Task<IReadOnlyList<RunSummary>> ListRunsAsync(CancellationToken cancellationToken = default);
}
