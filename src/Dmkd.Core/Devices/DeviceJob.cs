using System.Diagnostics;
using TorchSharp;

namespace Dmkd.Core.Devices;

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

    /// <summary>Moves a module's parameters and buffers out of the job's scope: the module becomes the caller's to dispose.</summary>
    public T Keep<T>(T module) where T : torch.nn.Module
    {
        foreach (var parameter in module.parameters()) _scope.Detach(parameter);
        foreach (var buffer in module.buffers()) _scope.Detach(buffer);
        return module;
    }
}
