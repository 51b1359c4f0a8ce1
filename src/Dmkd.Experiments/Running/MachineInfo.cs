using System.Runtime.InteropServices;

namespace Dmkd.Experiments.Running;

/// <summary>The machine that measured.</summary>
/// <param name="Os">Operating system and version.</param>
/// <param name="Cores">Logical processors that the process may use.</param>
/// <param name="Processor">Name of the processor.</param>
/// <param name="MemoryBytes">Memory that the process may use.</param>
/// <param name="Device">Where tensors are: cpu or cuda.</param>
public sealed record MachineInfo(string Os, int Cores, string Processor, long MemoryBytes, string Device)
{
    private const string ProcessorFile = "/proc/cpuinfo";
    private const string NameKey = "model name";

    /// <summary>This machine.</summary>
    /// <param name="device">Where tensors are.</param>
    public static MachineInfo Read(string device) => new(
        RuntimeInformation.OSDescription, Environment.ProcessorCount, ProcessorName(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, device);

    /// <summary>The name in Linux' list of processors; elsewhere the architecture has to do.</summary>
    private static string ProcessorName()
    {
        string? line = File.Exists(ProcessorFile) ? File.ReadLines(ProcessorFile).FirstOrDefault(text => text.StartsWith(NameKey, StringComparison.Ordinal)) : null;
        return line?.Split(':', 2) is [_, var name] ? name.Trim() : RuntimeInformation.ProcessArchitecture.ToString();
    }
}
