using System.Data.Common;
using Dmkd.Grains.Storage;

namespace Dmkd.Client.Hosting;

/// <summary>
/// Makes calls again while silos come and go: one may end, or its database be away, just when it is asked. For calls of which a repeat changes nothing.
/// </summary>
internal static class Repeated
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>A call's answer.</summary>
    /// <param name="call">Makes the call.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    /// <exception cref="Experiments.RunFailedException">Nobody answered for a minute.</exception>
    public static async Task<T> AskAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        for (var pause = FirstPause; ; pause = Min(2 * pause, LongestPause))
        {
            try
            {
                return await call();
            }
            catch (Exception e) when (IsPassing(e))
            {
                var waited = TimeProvider.System.GetElapsedTime(start);
                if (waited > Longest) throw new Experiments.RunFailedException($"Nobody has answered for {waited.TotalSeconds:0} s: {e.Message.Split('\n', 2)[0].Trim()}");
            }

            await Task.Delay(pause, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>A call without an answer.</summary>
    /// <param name="call">Makes the call.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    public static Task DoAsync(Func<Task> call, CancellationToken cancellationToken) => AskAsync(
        async () =>
        {
            await call();
            return true;
        },
        cancellationToken);

    private static bool IsPassing(Exception exception) =>
        exception is TimeoutException or OrleansException or Orleans.Runtime.OrleansMessageRejectionException or StoreUnavailableException or DbException;

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
