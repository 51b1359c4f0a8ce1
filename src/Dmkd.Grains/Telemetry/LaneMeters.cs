using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Dmkd.Core.Devices;

namespace Dmkd.Grains.Telemetry;

/// <summary>What the process's device workers say when they are asked.</summary>
internal static class LaneMeters
{
    private static readonly ConcurrentDictionary<DeviceWorker, string> Workers = new();

    /// <summary>Observes a worker until <see cref="Forget"/>.</summary>
    /// <param name="worker">The worker. Borrowed.</param>
    /// <param name="lanes">What it is for: one of few words.</param>
    public static void Observe(DeviceWorker worker, string lanes)
    {
        if (Workers.IsEmpty) Instruments.Ensure();
        Workers[worker] = lanes;
    }

    /// <summary>Observes a worker no more.</summary>
    public static void Forget(DeviceWorker worker) => Workers.TryRemove(worker, out _);

    private static IEnumerable<Measurement<T>> Measure<T>(Func<IEnumerable<DeviceWorker>, T> sum)
        where T : struct => Workers.GroupBy(entry => (entry.Value, Device: $"{entry.Key.Device}")).Select(group => new Measurement<T>(
            sum(group.Select(entry => entry.Key)), new KeyValuePair<string, object?>("dmkd.lanes", group.Key.Value), new KeyValuePair<string, object?>("dmkd.device", group.Key.Device)));

    /// <summary>Made once, with the first worker.</summary>
    private static class Instruments
    {
        static Instruments()
        {
            DmkdTelemetry.Meter.CreateObservableGauge("dmkd.device.queue", () => Measure(workers => workers.Sum(worker => worker.QueueLength)), "{job}", "Jobs waiting for a lane");
            DmkdTelemetry.Meter.CreateObservableGauge("dmkd.device.lanes", () => Measure(workers => workers.Sum(worker => worker.LaneCount)), "{lane}", "Jobs that can run at the same time");
            DmkdTelemetry.Meter.CreateObservableCounter("dmkd.device.busy", () => Measure(workers => workers.Sum(worker => worker.BusyTime.TotalSeconds)), "s", "Time that lanes spent on jobs");
        }

        public static void Ensure()
        {
        }
    }
}
