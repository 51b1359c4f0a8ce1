using System.Diagnostics.Metrics;
using Dmkd.Hosting.Telemetry;

namespace Dmkd.Chaos;

/// <summary>
/// Instruments that nobody listens to: one set for all worlds, since meters live as long as the process.
/// </summary>
internal static class Unheard
{
    public static DmkdInstruments Instruments { get; } = new(new Meter(DmkdTelemetry.Name));
}
