using System.Collections.Concurrent;

namespace Dmkd.Hosting.Storage;

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
