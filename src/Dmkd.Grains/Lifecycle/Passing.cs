using System.Data.Common;
using Dmkd.Grains.Storage;

namespace Dmkd.Grains.Lifecycle;

/// <summary>Tells troubles that pass from failures.</summary>
internal static class Passing
{
    /// <summary>Whether the same call may succeed later: somebody did not answer, a silo died, or a store takes nothing at the moment.</summary>
    public static bool Is(Exception exception) => exception is TimeoutException or OrleansException || IsOfAStore(exception);

    /// <summary>
    /// Whether a store takes nothing at the moment: its disk is full, its database is away. Orleans puts what a state's store says into an exception of its own.
    /// </summary>
    public static bool IsOfAStore(Exception exception) => exception is StoreUnavailableException or DbException
        || (exception is OrleansException { InnerException: { } inner } && IsOfAStore(inner));
}
