namespace Dmkd.Chaos.Simulation;

/// <summary>
/// Carries calls: late, twice, or not at all. A caller waits for an answer for half a minute, as Orleans' callers do.
/// </summary>
internal sealed class Network(World world, Func<Faults> faults)
{
    /// <summary>How long a caller waits for what takes long.</summary>
    public static readonly TimeSpan LongCall = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Sends a call.</summary>
    /// <param name="deliver">Hands the call to its target, with what takes the answer.</param>
    /// <param name="timeout">Longest time to wait for the answer; null for what is usual.</param>
    public Task<T> SendAsync<T>(Action<Action<Task<T>>> deliver, TimeSpan? timeout = null)
    {
        var result = new TaskCompletionSource<T>(); // continuations go to their actors' schedulers: none runs here
        world.After(
            timeout ?? CallTimeout,
            () =>
            {
                if (!result.Task.IsCompleted)
                    Fail(new TimeoutException("No answer came."));
            }
        );
        if (world.Happens(faults().Lost))
            return result.Task;
        for (int copy = world.Happens(faults().Duplicate) ? 2 : 1; copy > 0; copy--)
            world.After(Latency(), () => deliver(Answer));
        return result.Task;

        // Whoever asked may be dead, and a failure that nobody looks at costs the finalizer as much as the rest.
        void Fail(Exception reason)
        {
            if (result.TrySetException(reason))
                _ = result.Task.Exception;
        }

        void Answer(Task<T> answer)
        {
            var failure = answer.Exception?.InnerException;
            if (world.Happens(faults().Lost))
                return;
            world.After(
                Latency(),
                () =>
                {
                    if (failure is not null)
                        Fail(failure);
                    else if (answer.IsCanceled)
                        Fail(new OrleansException("The call was cancelled."));
                    else
                        result.TrySetResult(answer.Result);
                }
            );
        }
    }

    private TimeSpan Latency() => world.Between(0.001, faults().MaxDelay);
}
