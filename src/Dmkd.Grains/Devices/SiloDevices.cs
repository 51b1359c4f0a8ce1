using Dmkd.Core.Devices;

namespace Dmkd.Grains.Devices;

/// <summary>
/// The silo's workers: training has its own lanes, and short work (checks, merges, statistics, predictions) has others, so
/// that an answer never waits behind a training.
/// </summary>
public sealed class SiloDevices : IDisposable
{
    /// <summary>Starts the workers, each with one lane per core.</summary>
    public SiloDevices()
    {
        Training = new DeviceWorker();
        Serving = new DeviceWorker();
    }

    /// <summary>Runs trainings.</summary>
    public DeviceWorker Training { get; }

    /// <summary>Runs short work.</summary>
    public DeviceWorker Serving { get; }

    /// <summary>Finishes queued work and ends the lanes.</summary>
    public void Dispose()
    {
        Training.Dispose();
        Serving.Dispose();
    }
}
