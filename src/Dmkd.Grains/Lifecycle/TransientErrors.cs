using System.Data.Common;
using Dmkd.Grains.Storage;

namespace Dmkd.Grains.Lifecycle;

/// <summary>Tells errors that pass from failures.</summary>
public static class TransientErrors
{
    /// <summary>
    /// Whether the same call may succeed later: somebody did not answer, a silo died, or a store takes nothing at the
    /// moment.
    /// </summary>
    public static bool Is(Exception exception) => IsOfACall(exception) || IsOfAStore(exception);

    /// <summary>Whether somebody did not answer, or their silo died.</summary>
    public static bool IsOfACall(Exception exception) => exception is TimeoutException or OrleansException;

    /// <summary>
    /// Whether a store takes nothing at the moment: its disk is full, its database is away. Orleans puts what a
    /// state's store says into an exception of its own.
    /// </summary>
    public static bool IsOfAStore(Exception exception)
    {
        if (exception is StoreUnavailableException or DbException) return true;
        return exception is OrleansException { InnerException: { } inner } && IsOfAStore(inner);
    }

    /// <summary>Whether a database's driver says that the same command may succeed later.</summary>
    public static bool IsOfADatabase(Exception exception) => exception is DbException { IsTransient: true };
}
