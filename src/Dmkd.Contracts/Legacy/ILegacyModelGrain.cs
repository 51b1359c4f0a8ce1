using Orleans.Concurrency;

namespace Dmkd.Contracts.Legacy;

/// <summary>A monolithic network on its way to experts: trains it and takes it apart. Key: the library's name.</summary>
[Alias("dmkd.ILegacyModelGrain")]
public interface ILegacyModelGrain : IGrainWithStringKey
{
    /// <summary>Begins, or goes on after a crash, and returns at once; a repeat of the same plan changes nothing.</summary>
    [Alias("start")]
    Task StartAsync(LegacyPlan plan, CancellationToken cancellationToken = default);

    /// <summary>Where the work is.</summary>
    [AlwaysInterleave, Alias("status")]
    Task<LegacyStatus> GetStatusAsync(CancellationToken cancellationToken = default);
}
