using System.Collections.Concurrent;
using Dmkd.Hosting.Lifecycle;
using Microsoft.Extensions.Logging;

namespace Dmkd.Hosting.Storage;

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

/// <summary>
/// What the stores of this process do not take at the moment, for those who follow work that waits for them.
/// Thread-safe.
/// </summary>
public sealed class StoreOutages
{
    private readonly ConcurrentDictionary<object, string> _problems = new(ReferenceEqualityComparer.Instance);

    /// <summary>What is waited for; null when every store takes what it is given.</summary>
    public string? Current => _problems.Values.Order(StringComparer.Ordinal).FirstOrDefault();

    /// <summary>A store refused something.</summary>
    /// <param name="store">The store.</param>
    /// <param name="problem">Which, what and why, in one line.</param>
    public void Began(object store, string problem) => _problems[store] = problem;

    /// <summary>A store took something.</summary>
    public void Ended(object store) => _problems.TryRemove(store, out _);
}
