using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Storage;

/// <summary>
/// Waits for a store that is full or cannot be reached, for a while: what was computed for minutes is not thrown away because somebody has to make room
/// first. Blobs are named by their content, so a repeat changes nothing.
/// </summary>
/// <param name="inner">The store.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Is told of every wait.</param>
internal sealed partial class PatientWeightStore(IWeightStore inner, TimeProvider time, ILogger<PatientWeightStore> logger) : IWeightStore, ICollectableWeights
{
    /// <summary>Longest time that a blob is tried to be stored or read.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private ICollectableWeights Collectable => (ICollectableWeights)inner;

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The store took nothing for <see cref="Patience"/>.</exception>
    public Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        WaitAsync(() => inner.PutAsync(content, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The store told nothing for <see cref="Patience"/>.</exception>
    public Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default) => WaitAsync(() => inner.GetAsync(digest, cancellationToken), cancellationToken);

    private async Task<T> WaitAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + Patience;
        while (true)
        {
            try
            {
                return await call();
            }
            catch (StoreUnavailableException e) when (time.GetUtcNow() < until)
            {
                LogWaits(logger, e.Message, Pause.TotalSeconds, until);
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    public Task<IReadOnlyList<string>> ListUntouchedSinceAsync(DateTimeOffset moment, CancellationToken cancellationToken) =>
        Collectable.ListUntouchedSinceAsync(moment, cancellationToken);

    public Task<long?> RemoveAsync(string digest, DateTimeOffset moment, bool isDryRun, CancellationToken cancellationToken) =>
        Collectable.RemoveAsync(digest, moment, isDryRun, cancellationToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem} Tried again in {Seconds} s, until {Until:u}")]
    private static partial void LogWaits(ILogger logger, string problem, double seconds, DateTimeOffset until);
}
