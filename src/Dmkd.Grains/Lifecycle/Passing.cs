using Dmkd.Grains.Storage;

namespace Dmkd.Grains.Lifecycle;

/// <summary>Tells troubles that pass from failures.</summary>
internal static class Passing
{
    /// <summary>Whether the same call may succeed later: somebody did not answer, a silo died, or a store takes nothing at the moment.</summary>
    public static bool Is(Exception exception) => exception is TimeoutException or OrleansException or StoreUnavailableException;
}
