using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Dmkd.Experiments.Protocol;

/// <summary>Where, when and by what a cell was measured.</summary>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Versions">What computed.</param>
/// <param name="Machine">Where.</param>
/// <param name="Watts">Power that is assumed while the device computes.</param>
public sealed record CellCircumstances(
    DateTimeOffset StartedAt,
    DateTimeOffset EndedAt,
    Versions Versions,
    MachineInfo Machine,
    double Watts
);

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
    public static MachineInfo Read(string device) =>
        new(
            RuntimeInformation.OSDescription,
            Environment.ProcessorCount,
            ProcessorName(),
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            device
        );

    /// <summary>The name in Linux' list of processors; elsewhere the architecture has to do.</summary>
    private static string ProcessorName()
    {
        string? line = File.Exists(ProcessorFile)
            ? File.ReadLines(ProcessorFile).FirstOrDefault(text => text.StartsWith(NameKey, StringComparison.Ordinal))
            : null;
        return line?.Split(':', 2) is [_, var name] ? name.Trim() : RuntimeInformation.ProcessArchitecture.ToString();
    }
}

/// <summary>What computed: the program, its commit, and what it stands on.</summary>
/// <param name="Program">The program's version.</param>
/// <param name="Commit">The commit it was built from; "unknown" when the build saw no repository.</param>
/// <param name="DotNet">The runtime.</param>
/// <param name="TorchSharp">The binding of libtorch.</param>
/// <param name="Orleans">The cluster's runtime.</param>
public sealed record Versions(string Program, string Commit, string DotNet, string TorchSharp, string Orleans)
{
    /// <summary>When the build saw no repository.</summary>
    public const string UnknownCommit = "unknown";

    /// <summary>Those of this process.</summary>
    public static Versions Current { get; } = Of(InformationalVersion(typeof(Versions)));

    /// <summary>Takes a version apart that the build wrote as "0.1.0+commit".</summary>
    internal static Versions Of(string informational)
    {
        string[] parts = informational.Split('+', 2);
        return new Versions(
            parts[0],
            parts.Length == 2 ? parts[1] : UnknownCommit,
            Environment.Version.ToString(),
            Number(typeof(torch)),
            Number(typeof(IGrainFactory))
        );
    }

    /// <summary>The number that such a text begins with: some write more behind it.</summary>
    private static string Number(Type type) => InformationalVersion(type).Split(' ', '+')[0].TrimEnd('.');

    private static string InformationalVersion(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? type.Assembly.GetName().Version?.ToString()
        ?? "unknown";
}
