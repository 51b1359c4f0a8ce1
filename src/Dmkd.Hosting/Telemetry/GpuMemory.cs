using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;

namespace Dmkd.Hosting.Telemetry;

/// <summary>
/// Memory of each GPU of the machine, and what all processes use of it, as the driver's NVML says; torch's own share
/// cannot be asked for from .NET.
/// </summary>
internal static partial class GpuMemory
{
    private const string Nvml = "libnvidia-ml.so.1";
    private const int Success = 0;

    private static readonly Lazy<nint[]> Devices = new(Open);

    /// <summary>Whether there is a GPU whose driver answers.</summary>
    public static bool HasDevices => Devices.Value.Length > 0;

    /// <summary>
    /// Memory of the machine's first GPU, on which silos compute, in bytes; null where the driver does not answer.
    /// </summary>
    public static long? TotalBytes() =>
        Devices.Value is [nint first, ..] && GetMemoryInfo(first, out var memory) == Success
            ? (long)memory.Total
            : null;

    /// <summary>Memory in use on each GPU.</summary>
    public static IEnumerable<Measurement<long>> Measure() =>
        Devices.Value.Index().SelectMany(device => Measure(device.Index, device.Item));

    private static IEnumerable<Measurement<long>> Measure(int index, nint device)
    {
        if (GetMemoryInfo(device, out var memory) == Success)
            yield return new Measurement<long>(
                (long)memory.Used,
                new KeyValuePair<string, object?>("dmkd.device", $"cuda:{index}")
            );
    }

    private static nint[] Open()
    {
        try
        {
            if (Init() != Success || GetCount(out uint count) != Success)
                return [];
            return
            [
                .. Enumerable
                    .Range(0, (int)count)
                    .Select(i => GetHandle((uint)i, out nint device) == Success ? device : 0)
                    .Where(device => device != 0),
            ];
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return [];
        }
    }

    [LibraryImport(Nvml, EntryPoint = "nvmlInit_v2")]
    private static partial int Init();

    [LibraryImport(Nvml, EntryPoint = "nvmlDeviceGetCount_v2")]
    private static partial int GetCount(out uint count);

    [LibraryImport(Nvml, EntryPoint = "nvmlDeviceGetHandleByIndex_v2")]
    private static partial int GetHandle(uint index, out nint device);

    [LibraryImport(Nvml, EntryPoint = "nvmlDeviceGetMemoryInfo")]
    private static partial int GetMemoryInfo(nint device, out MemoryInfo memory);

    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryInfo
    {
        public ulong Total;
        public ulong Free;
        public ulong Used;
    }
}
