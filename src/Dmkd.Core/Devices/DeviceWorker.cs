using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using TorchSharp;

namespace Dmkd.Core.Devices;

/// <summary>
/// All tensor work of one device. Torch's dispose scopes, grad mode and thread team belong to a thread, so a job is a
/// synchronous delegate that starts and ends on one of the worker's own threads ("lanes"); callers await its result. On
/// a CPU there is one lane per core with one torch thread each, which beats one lane with many.
/// </summary>
/// <remarks>Thread-safe. The queue is bounded: past its capacity <see cref="RunAsync{T}"/> waits for room.</remarks>
public sealed class DeviceWorker : IDisposable
{
    /// <summary>Jobs that may wait before callers have to.</summary>
    public const int DefaultQueueCapacity = 1024;

    private static readonly TimeSpan LongJob = TimeSpan.FromMilliseconds(250); // beside it, a trim costs next to nothing

    private readonly BlockingCollection<Action> _jobs = [];
    private readonly SemaphoreSlim _room;
    private readonly Thread[] _lanes;
    private long _busyTicks;

    /// <summary>Starts the lanes.</summary>
    /// <param name="device">Device the jobs compute on. The worker does not place tensors; jobs do.</param>
    /// <param name="lanes">Number of threads, at least 1. Default: one per processor core.</param>
    /// <param name="queueCapacity">Jobs that may wait, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1.</exception>
    public DeviceWorker(torch.Device? device = null, int? lanes = null, int queueCapacity = DefaultQueueCapacity)
    {
        int count = lanes ?? Environment.ProcessorCount;
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(lanes));
        ArgumentOutOfRangeException.ThrowIfLessThan(queueCapacity, 1);
        TorchRuntime.EnsureLoaded();
        Device = device ?? torch.CPU;
        _room = new SemaphoreSlim(queueCapacity);
        _lanes = [.. Enumerable.Range(0, count).Select(StartLane)];
    }

    /// <summary>Device the jobs compute on.</summary>
    public torch.Device Device { get; }

    /// <summary>Number of jobs that can run at the same time.</summary>
    public int LaneCount => _lanes.Length;

    /// <summary>Jobs waiting for a lane.</summary>
    public int QueueLength => _jobs.Count;

    /// <summary>Time the lanes have spent on jobs since the start, summed over lanes.</summary>
    public TimeSpan BusyTime => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _busyTicks));

    /// <summary>
    /// Runs a job on a lane, inside a dispose scope: what it creates is disposed when it ends, unless passed to
    /// <see cref="DeviceJob.Keep(torch.Tensor)"/>.
    /// </summary>
    /// <param name="job">Synchronous work; must leave the thread's grad mode and scopes as it found them.</param>
    /// <param name="cancellationToken">Cancels the waiting; a job that has started watches
    /// <see cref="DeviceJob.CancellationToken"/>.</param>
    /// <returns>The job's result.</returns>
    /// <exception cref="DeviceMemoryException">The device has no memory for the job.</exception>
    /// <exception cref="InvalidOperationException">The job left a dispose scope open or gradients off; the lane was
    /// repaired.</exception>
    public async Task<T> RunAsync<T>(Func<DeviceJob, T> job, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _jobs.Add(() => Execute(job, completion, cancellationToken), CancellationToken.None);
        return await completion.Task.ConfigureAwait(false);
    }

    /// <summary>Finishes the queued jobs and ends the lanes.</summary>
    public void Dispose()
    {
        _jobs.CompleteAdding();
        foreach (var lane in _lanes)
            lane.Join();
        _jobs.Dispose();
        _room.Dispose();
    }

    private void Execute<T>(
        Func<DeviceJob, T> job,
        TaskCompletionSource<T> completion,
        CancellationToken cancellationToken
    )
    {
        _room.Release();
        if (cancellationToken.IsCancellationRequested)
        {
            completion.TrySetCanceled(cancellationToken);
            return;
        }

        long start = Stopwatch.GetTimestamp();
        try
        {
            T result;
            using (var scope = torch.NewDisposeScope())
                result = job(new DeviceJob(scope, Device, start, cancellationToken));
            if (LaneGuard.Repair() is { } misuse)
                completion.TrySetException(new InvalidOperationException($"A tensor job left {misuse}."));
            else
                completion.TrySetResult(result);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            LaneGuard.Repair();
            completion.TrySetCanceled(cancellationToken);
        }
#pragma warning disable CA1031 // whatever a job throws belongs to its caller; the lane must live on
        catch (Exception e)
        {
            LaneGuard.Repair();
            completion.TrySetException(DeviceMemory.Explain(e, Device));
        }
#pragma warning restore CA1031
        finally
        {
            Interlocked.Add(ref _busyTicks, Stopwatch.GetTimestamp() - start);
        }
    }

    private Thread StartLane(int index)
    {
        var lane = new Thread(RunLane) { IsBackground = true, Name = $"dmkd-lane-{Device}-{index}" };
        lane.Start();
        return lane;
    }

    private void RunLane()
    {
        torch.set_num_threads(1); // belongs to the thread that calls it
        foreach (var job in _jobs.GetConsumingEnumerable())
        {
            long start = Stopwatch.GetTimestamp();
            job();
            if (_jobs.Count == 0 && Stopwatch.GetElapsedTime(start) > LongJob)
                AllocatorTuning.GiveBack();
        }
    }
}

/// <summary>What a job on a <see cref="DeviceWorker"/> knows about its run.</summary>
public sealed class DeviceJob
{
    private readonly DisposeScope _scope;
    private readonly long _start;

    internal DeviceJob(DisposeScope scope, torch.Device device, long start, CancellationToken cancellationToken)
    {
        _scope = scope;
        _start = start;
        Device = device;
        CancellationToken = cancellationToken;
    }

    /// <summary>Device to compute on.</summary>
    public torch.Device Device { get; }

    /// <summary>Cancelled when the caller has given up; a long job checks it between steps.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>Time spent on the lane so far: the job's device time.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Moves a tensor out of the job's scope: it becomes the caller's to dispose.</summary>
    public torch.Tensor Keep(torch.Tensor tensor) => _scope.Detach(tensor);

    /// <summary>
    /// Moves a module's parameters and buffers out of the job's scope: the module becomes the caller's to dispose.
    /// </summary>
    public T Keep<T>(T module)
        where T : torch.nn.Module
    {
        foreach (var parameter in module.parameters())
            _scope.Detach(parameter);
        foreach (var buffer in module.buffers())
            _scope.Detach(buffer);
        return module;
    }
}

/// <summary>Checks that a job left its thread as it found it, and repairs the thread when it did not.</summary>
internal static class LaneGuard
{
    private const int MaxForgottenScopes = 64;

    /// <summary>Turns gradients on again and closes forgotten scopes of the calling thread.</summary>
    /// <returns>What was wrong, or null.</returns>
    public static string? Repair()
    {
        string? misuse = null;
        if (!torch.is_grad_enabled())
        {
            torch.set_grad_enabled(true);
            misuse = "gradients off";
        }

        for (int i = 0; i < MaxForgottenScopes; i++)
        {
            // A tensor made now belongs to a scope only if one is still open on this thread.
            using var probe = torch.empty(0);
            if (OwningScope(probe) is not { } forgotten)
                break;
            forgotten.Dispose();
            misuse = "a dispose scope open";
        }

        return misuse;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_OwningDisposeScope")]
    private static extern DisposeScope? OwningScope(torch.Tensor tensor);
}
