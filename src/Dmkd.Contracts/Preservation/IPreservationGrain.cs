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

    /// <summary>Goes on from what was stored last, also after a failure; work at hand or completed stays as it is.</summary>
    /// <exception cref="InvalidOperationException">There is no such preservation.</exception>
    [Alias("resume")]
    Task ResumeAsync(CancellationToken cancellationToken = default);

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
