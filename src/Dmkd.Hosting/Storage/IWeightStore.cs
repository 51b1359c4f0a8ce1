using Dmkd.Hosting.Lifecycle;
using Microsoft.Extensions.Logging;

namespace Dmkd.Hosting.Storage;

/// <summary>
/// Content-addressed store of weights and updates. Grain state names what lies here by digest; a blob is written and
/// synced before the state that names it, so a crash in between leaves an orphan and never a dangling name.
/// </summary>
public interface IWeightStore
{
    /// <summary>Stores bytes under their digest; storing the same bytes again changes nothing.</summary>
    /// <returns>The digest.</returns>
    Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>Reads and verifies a blob; the bytes are the caller's.</summary>
    /// <exception cref="WeightStoreException">There is no such blob, or its content no longer has the
    /// digest.</exception>
    Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default);

    /// <summary>
    /// As <see cref="GetAsync"/>, for who only reads: others may hold the same bytes, and they may have been read, and
    /// verified, some time ago.
    /// </summary>
    async Task<ReadOnlyMemory<byte>> GetSharedAsync(string digest, CancellationToken cancellationToken = default) =>
        await GetAsync(digest, cancellationToken);
}

/// <summary>A weight store that can let go of what nothing names any more.</summary>
internal interface ICollectableWeights
{
    /// <summary>Digests of all blobs that have not been stored, or stored again, since a moment.</summary>
    Task<IReadOnlyList<string>> ListUntouchedSinceAsync(DateTimeOffset moment, CancellationToken cancellationToken);

    /// <summary>Removes a blob, unless it was stored again since a moment.</summary>
    /// <param name="digest">Its digest.</param>
    /// <param name="moment">The same moment as was listed by.</param>
    /// <param name="isDryRun">Whether to leave it there and only say how large it is.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Its size in bytes; null when it stays.</returns>
    Task<long?> RemoveAsync(string digest, DateTimeOffset moment, bool isDryRun, CancellationToken cancellationToken);
}

/// <summary>A blob is missing or damaged; the message names it.</summary>
public sealed class WeightStoreException(string message) : Exception(message);

/// <summary>
/// Waits for a store that is full or cannot be reached, for a while: what was computed for minutes is not thrown away
/// because somebody has to make room first. Blobs are named by their content, so a repeat changes nothing.
/// </summary>
internal sealed partial class RetryingWeightStore : IWeightStore, ICollectableWeights
{
    /// <summary>Longest time that a blob is tried to be stored or read.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly IWeightStore _inner;
    private readonly Resilience _retry;
    private readonly StoreOutages _outages;

    /// <param name="inner">The store.</param>
    /// <param name="time">The clock.</param>
    /// <param name="outages">Is told of the first wait and of its end.</param>
    /// <param name="logger">Is told of every wait.</param>
    public RetryingWeightStore(
        IWeightStore inner,
        TimeProvider time,
        StoreOutages outages,
        ILogger<RetryingWeightStore> logger
    )
    {
        _inner = inner;
        _outages = outages;
        var limits = new RetryLimits(Pause) { MaxTime = MaxWait };
        _retry = Resilience.TransientStore(
            time,
            limits,
            retry =>
            {
                _outages.Began(this, retry.Problem.Message);
                LogWaits(logger, retry.Problem.Message, Pause.TotalSeconds, retry.Attempt);
            }
        );
    }

    private ICollectableWeights Collectable => (ICollectableWeights)_inner;

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The store took nothing for <see cref="MaxWait"/>.</exception>
    public Task<string> PutAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        AskAsync(() => _inner.PutAsync(content, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The store told nothing for <see cref="MaxWait"/>.</exception>
    public Task<byte[]> GetAsync(string digest, CancellationToken cancellationToken = default) =>
        AskAsync(() => _inner.GetAsync(digest, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<string>> ListUntouchedSinceAsync(
        DateTimeOffset moment,
        CancellationToken cancellationToken
    ) => Collectable.ListUntouchedSinceAsync(moment, cancellationToken);

    public Task<long?> RemoveAsync(
        string digest,
        DateTimeOffset moment,
        bool isDryRun,
        CancellationToken cancellationToken
    ) => Collectable.RemoveAsync(digest, moment, isDryRun, cancellationToken);

    private async Task<T> AskAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        var answer = await _retry.AskAsync(call, cancellationToken);
        _outages.Ended(this);
        return answer;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem} Tried again in {Seconds} s, retry {Attempt}")]
    private static partial void LogWaits(ILogger logger, string problem, double seconds, int attempt);
}
