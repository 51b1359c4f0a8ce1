using Dmkd.Contracts.Experts;
using Dmkd.Grains.Storage;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Routing;

/// <summary>
/// Reads the weights that serve a module. When those of its current version are damaged or missing, the newest earlier version that can be read
/// serves, for those who accept it; it is logged and told with every answer.
/// </summary>
internal sealed partial class ServedWeights(IWeightStore weights, IGrainFactory grains, ILogger<ServedWeights> logger)
{
    /// <summary>Reads them.</summary>
    /// <param name="module">The module.</param>
    /// <param name="acceptsEarlier">Whether an earlier version may serve.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The version and its weights, verified.</returns>
    /// <exception cref="WeightStoreException">The current version cannot be read, and no earlier one may or can serve.</exception>
    public async Task<(ModuleVersion Version, byte[] Content)> ReadAsync(ModuleSnapshot module, bool acceptsEarlier, CancellationToken cancellationToken)
    {
        try
        {
            return (module.Current, await weights.GetAsync(module.Current.Digest, cancellationToken));
        }
        catch (WeightStoreException e) when (acceptsEarlier)
        {
            var history = await grains.GetGrain<IExpertModuleGrain>(module.Descriptor.Key).GetHistoryAsync(cancellationToken);
            foreach (var earlier in history.Where(version => version.Number < module.Current.Number).Reverse())
            {
                if (await TryGetAsync(earlier.Digest, cancellationToken) is not { } content) continue;
                LogReplaced(logger, module.Descriptor.Key, module.Current.Number, earlier.Number, e.Message);
                return (earlier, content);
            }

            throw;
        }
    }

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

    [LoggerMessage(Level = LogLevel.Error, Message = "Module {Module}: version {Current} cannot be read, version {Served} serves. {Problem}")]
    private static partial void LogReplaced(ILogger logger, string module, int current, int served, string problem);
}
