using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Internal;

namespace Dmkd.Serving;

/// <summary>Caches that let go of what nobody asked for in a while: a silo serves many libraries one after the other, and must not keep them all.</summary>
internal static class IdleExpiry
{
    /// <summary>An empty cache.</summary>
    /// <param name="time">What time it is.</param>
    public static MemoryCache CreateCache(TimeProvider time) => new(new MemoryCacheOptions { Clock = new Clock(time) });

    /// <summary>Adds a value that leaves when it was idle for a time, or another takes its place.</summary>
    /// <param name="cache">Where to.</param>
    /// <param name="key">Its key.</param>
    /// <param name="value">The value.</param>
    /// <param name="longestIdle">How long nobody may ask for it.</param>
    /// <param name="letGo">Called once it has left, on another thread; null for nothing.</param>
    public static void SetIdling<T>(this MemoryCache cache, object key, T value, TimeSpan longestIdle, Action<T>? letGo = null)
    {
        var options = new MemoryCacheEntryOptions { SlidingExpiration = longestIdle };
        if (letGo is not null) options.RegisterPostEvictionCallback((_, left, _, _) => letGo((T)left!));
        cache.Set(key, value, options);
    }

    private sealed class Clock(TimeProvider time) : ISystemClock
    {
        public DateTimeOffset UtcNow => time.GetUtcNow();
    }
}
