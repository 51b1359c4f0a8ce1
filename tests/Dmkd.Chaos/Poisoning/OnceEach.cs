namespace Dmkd.Chaos.Poisoning;

/// <summary>Does equal work once, however many ask for it, at the same time or later.</summary>
internal sealed class OnceEach<TKey, TResult>
    where TKey : notnull
{
    private readonly Dictionary<TKey, Task<TResult>> _known = [];

    /// <summary>The result of the work with a key.</summary>
    /// <param name="key">Names the work.</param>
    /// <param name="start">Starts it; must return at once.</param>
    public Task<TResult> GetAsync(TKey key, Func<Task<TResult>> start)
    {
        lock (_known)
        {
            if (!_known.TryGetValue(key, out var task))
                _known[key] = task = start();
            return task;
        }
    }
}
