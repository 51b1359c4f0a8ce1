using Orleans.Storage;

namespace Dmkd.Hosting.Lifecycle;

/// <summary>
/// Long work that a grain starts and nobody awaits. It runs on the grain's scheduler, once at a time; the end of the
/// activation is the end of it, and whatever else goes wrong is its result. To be used on the grain's turns only.
/// </summary>
internal sealed class BackgroundWork
{
    private readonly CancellationTokenSource _stopping = new();
    private Task? _running;

    public BackgroundWork() => Token = _stopping.Token;

    /// <summary>Cancelled when the activation ends.</summary>
    public CancellationToken Token { get; }

    public bool IsRunning => _running is { IsCompleted: false };

    /// <summary>Starts the work; while it runs, a repeat changes nothing.</summary>
    /// <param name="work">The work.</param>
    /// <param name="fail">Makes a failure the work's result; takes it and the first line of its message, since libtorch
    /// adds its stack.</param>
    /// <param name="deactivate">Ends this activation when another one went further: nobody awaits the work, so the
    /// runtime does not do it.</param>
    public void Start(Func<Task> work, Func<Exception, string, Task> fail, Action deactivate)
    {
        if (!IsRunning)
            _running = RunAsync(work, fail, deactivate);
    }

    /// <summary>
    /// Waits for the end of work that failed or is over: that can be read before it is stored, and new work starts after
    /// it.
    /// </summary>
    public async Task EndedAsync()
    {
#pragma warning disable VSTHRD003 // the last steps of failed work, a write and an announcement, do not wait for its grain
        if (_running is not null)
            await Task.WhenAny(_running);
#pragma warning restore VSTHRD003
    }

    /// <summary>Stops the work without waiting for it; for the end of the activation.</summary>
    public void Stop()
    {
        _stopping.Cancel(); // here and now: whoever waits goes on on the schedulers of their own
        _stopping.Dispose();
    }

    private async Task RunAsync(Func<Task> work, Func<Exception, string, Task> fail, Action deactivate)
    {
        try
        {
            await RunToItsResultAsync(work, fail);
        }
#pragma warning disable CA1031 // a stopping silo breaks calls in many ways, and none of them is a failure of the work
        catch (Exception) when (Token.IsCancellationRequested)
#pragma warning restore CA1031
        {
            // What is stored says where the work goes on.
        }
        catch (Exception e) when (IsBehind(e))
        {
            deactivate();
        }
    }

    private async Task RunToItsResultAsync(Func<Task> work, Func<Exception, string, Task> fail)
    {
        try
        {
            await work();
        }
#pragma warning disable CA1031 // nobody awaits the work: whatever went wrong is its result
        catch (Exception e) when (!Token.IsCancellationRequested && !IsBehind(e))
#pragma warning restore CA1031
        {
            await fail(e, e.Message.Split('\n', 2)[0].Trim());
        }
    }

    /// <summary>
    /// Whether this activation's state is not, or may not be, the stored one; or a store takes nothing, and what is
    /// stored is where the work goes on once it does.
    /// </summary>
    private static bool IsBehind(Exception exception) =>
        exception is InconsistentStateException or StateLostException || TransientErrors.IsOfAStore(exception);
}
