using Dmkd.Contracts.Experts;
using Dmkd.Core.Routing;
using Dmkd.Hosting.Storage;
using Dmkd.Serving;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Routing;

/// <summary>
/// A library of this cluster as a source of weights. When those of a module's current version are damaged or missing,
/// the newest earlier version that can
/// be read serves, for those who accept it; it is logged and told with every answer.
/// </summary>
public sealed partial class RunningLibrary(
    LibraryManifest manifest,
    IWeightStore weights,
    IGrainFactory grains,
    ILogger logger
) : ILibrarySource
{
    /// <inheritdoc/>
    public LibraryManifest Manifest { get; } = manifest;

    /// <inheritdoc/>
    /// <exception cref="WeightStoreException">The current version cannot be read, and no earlier one may or can
    /// serve.</exception>
    public async Task<MemberWeights> ReadAsync(
        LibraryMember member,
        bool acceptsEarlier,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return new MemberWeights(member.Version, await weights.GetAsync(member.Digest, cancellationToken));
        }
        catch (WeightStoreException e) when (acceptsEarlier)
        {
            var history = await grains.GetGrain<IExpertModuleGrain>(member.Key).GetHistoryAsync(cancellationToken);
            foreach (var earlier in history.Where(version => version.Number < member.Version).Reverse())
            {
                if (await TryGetAsync(earlier.Digest, cancellationToken) is not { } content)
                    continue;
                LogReplaced(logger, member.Key, member.Version, earlier.Number, e.Message);
                return new MemberWeights(earlier.Number, content);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<GateParameters> ReadGateAsync(FittedRouting fitted, CancellationToken cancellationToken) =>
        GateParameters.Decode(await weights.GetAsync(fitted.Digest, cancellationToken));

    private async Task<byte[]?> TryGetAsync(string digest, CancellationToken cancellationToken)
    {
        try
        {
            return await weights.GetAsync(digest, cancellationToken);
        }
        catch (WeightStoreException)
        {
            return null; // the one before it may be readable
        }
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Module {Module}: version {Current} cannot be read, version {Served} serves. {Problem}"
    )]
    private static partial void LogReplaced(ILogger logger, string module, int current, int served, string problem);
}
