using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Hosting.Telemetry;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace Dmkd.Hosting.Placement;

/// <summary>
/// The silo's workers: training has its own lanes, and short work (checks, merges, statistics, predictions) has others,
/// so that an answer never waits behind a training.
/// </summary>
public sealed partial class SiloDevices : IDisposable
{
    private readonly ILogger<SiloDevices> _logger;

    /// <summary>
    /// Starts the workers: one lane per core on a CPU; on a GPU one lane each, so that jobs share it in turns.
    /// </summary>
    public SiloDevices(DmkdInstruments instruments, ILogger<SiloDevices> logger)
    {
        _logger = logger;
        Instruments = instruments;
        var runtime = TorchRuntime.EnsureLoaded();
        bool hasGpu = torch.cuda.is_available();
        LogLoaded(logger, runtime.Version, runtime.TorchDirectory, hasGpu ? "cuda" : "cpu");
        if (!runtime.ScalarGuardInstalled)
            LogUnguarded(logger);
        LogConvolutions();
        Training = hasGpu ? new DeviceWorker(torch.CUDA, lanes: 1) : new DeviceWorker();
        Serving = hasGpu ? new DeviceWorker(torch.CUDA, lanes: 1) : new DeviceWorker();
        if (hasGpu)
            instruments.ObserveGpus();
        instruments.Observe(Training, "training");
        instruments.Observe(Serving, "serving");
    }

    /// <summary>What this process computes on, and whose data it can read.</summary>
    /// <param name="nodes">Names of the nodes that it offers.</param>
    internal static SiloCapabilities Capabilities(IReadOnlyList<string> nodes)
    {
        _ = TorchRuntime.EnsureLoaded();
        long ofTheMachine = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return torch.cuda.is_available()
            ? new SiloCapabilities(DeviceKinds.Cuda, GpuMemory.TotalBytes() ?? ofTheMachine, nodes)
            : new SiloCapabilities(DeviceKinds.Cpu, ofTheMachine, nodes);
    }

    /// <summary>What whoever uses the devices says of it. Borrowed.</summary>
    public DmkdInstruments Instruments { get; }

    /// <summary>Runs trainings.</summary>
    public DeviceWorker Training { get; }

    /// <summary>Runs short work.</summary>
    public DeviceWorker Serving { get; }

    /// <summary>Finishes queued work and ends the lanes.</summary>
    public void Dispose()
    {
        Instruments.Forget(Training);
        Instruments.Forget(Serving);
        Training.Dispose();
        Serving.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "libtorch {Version} from {Directory} computes on {Device}")]
    private static partial void LogLoaded(ILogger logger, string version, string directory, string device);

    private void LogConvolutions()
    {
        if (Convolution.Found is not { } found)
            return; // nothing is to be computed: a console only looks
        bool asUsual = found is { State: ConvolutionState.Right, Mend: not CacheMendResult.Mended };
        LogConvolutions(_logger, asUsual ? LogLevel.Information : LogLevel.Warning, found.Describe());
    }

    [LoggerMessage(Message = "Convolutions are {State} (docs/adr/0024)")]
    private static partial void LogConvolutions(ILogger logger, LogLevel level, string state);

    [LoggerMessage(
        Level = LogLevel.Critical,
        Message = "The scalar guard could not be installed: this build of TorchSharp can crash or corrupt "
            + "numbers under garbage collection (docs/adr/0003)"
    )]
    private static partial void LogUnguarded(ILogger logger);
}
