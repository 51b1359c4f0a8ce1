using Dmkd.Client.Errors;
using Dmkd.Contracts.Libraries;
using Dmkd.Core;
using Dmkd.Experiments.Protocol;
using Dmkd.Hosting.Lifecycle;
using Polly;

namespace Dmkd.Client.Hosting;

/// <summary>
/// Makes calls again while silos come and go: one may end, or its database be away, just when it is asked. For calls of
/// which a repeat changes nothing.
/// </summary>
internal static class Retried
{
    private static readonly RetryLimits Limits = new(TimeSpan.FromMilliseconds(100))
    {
        Growth = DelayBackoffType.Exponential,
        MaxPause = TimeSpan.FromSeconds(2),
        MaxTime = TimeSpan.FromMinutes(1),
    };

    private static readonly Resilience Calls = Resilience.TransientCall(TimeProvider.System, Limits);

    /// <summary>A call's answer.</summary>
    /// <param name="call">Makes the call.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    /// <exception cref="RunFailedException">Nobody answered for a minute.</exception>
    public static async Task<T> AskAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        try
        {
            return await Calls.AskAsync(call, cancellationToken);
        }
        catch (Exception e) when (StoredStateException.Within(e) is { } lasting)
        {
            throw new RunFailedException(lasting.Message);
        }
        catch (Exception e) when (TransientErrors.Is(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var waited = TimeProvider.System.GetElapsedTime(start);
            throw new RunFailedException(
                $"Nobody has answered for {waited.TotalSeconds:0} s: {e.Message.Split('\n', 2)[0].Trim()}"
            );
        }
    }

    /// <summary>A call without an answer.</summary>
    /// <param name="call">Makes the call.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    public static Task DoAsync(Func<Task> call, CancellationToken cancellationToken) =>
        AskAsync(
            async () =>
            {
                await call();
                return true;
            },
            cancellationToken
        );

    /// <summary>
    /// Begins stored work. It is begun again while nobody answers, for a run that is stored may go on although its
    /// console heard nothing.
    /// </summary>
    /// <param name="begin">Begins it; a repeat changes nothing.</param>
    /// <param name="command">What finds it later, without the program's name.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    /// <exception cref="BadInputException">It is refused; says why.</exception>
    /// <exception cref="RunFailedException">Nobody answered; says how to find the work if it was stored.</exception>
    public static async Task BeginAsync(Func<Task> begin, string command, CancellationToken cancellationToken)
    {
        try
        {
            await DoAsync(begin, cancellationToken);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException and not ObjectDisposedException)
        {
            throw new BadInputException(RefusalText.Of(e));
        }
        catch (RunFailedException e)
        {
            throw new RunFailedException($"{e.Message.TrimEnd('.')}. If it was stored, find it with: dmkd {command}");
        }
    }
}
