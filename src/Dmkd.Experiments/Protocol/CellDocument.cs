using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using Dmkd.Contracts.Settings;
using Dmkd.Experiments.Learners;
using TorchSharp;

namespace Dmkd.Experiments.Protocol;

/// <summary>
/// A finished cell as its file holds it: a method's row, and everything that one needs to measure it again. Field names
/// are stable.
/// </summary>
public sealed record CellDocument : ResultDocument
{
    private const double SecondsPerHour = 3600;

    [JsonConstructor]
    public CellDocument() { }

    [SetsRequiredMembers]
    private CellDocument(ResultDocument row)
        : base(row) { }

    /// <summary>Name of the cell, and of its file.</summary>
    public string Cell { get; init; } = "";

    /// <summary>What it is for.</summary>
    public CellStage Stage { get; init; }

    /// <summary>Name of the data set in the experiment.</summary>
    public string Dataset { get; init; } = "";

    /// <summary>The method's parameters as the experiment gave them; what is missing had its default.</summary>
    public IReadOnlyDictionary<string, string> MethodParameters { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// What was held out and tested on, when parameters were searched; null when the test images were.
    /// </summary>
    public HeldOutImages? HeldOut { get; init; }

    /// <summary>What all methods share, with the data set; for DMKD everything that decided the result.</summary>
    public RunSettings? Settings { get; init; }

    /// <summary>
    /// The run of another cell whose experts this one routes to; null when it learned its own. What they cost is
    /// counted in both.
    /// </summary>
    public string? ExpertsOf { get; init; }

    /// <summary>Power that is assumed while the device computes, in watts.</summary>
    public double Watts { get; init; }

    /// <summary>An estimate: device seconds times <see cref="Watts"/>, in watt-hours.</summary>
    public double EnergyWattHours { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset FinishedAt { get; init; }

    /// <summary>What computed.</summary>
    public Versions? Versions { get; init; }

    /// <summary>Where.</summary>
    public MachineInfo? Machine { get; init; }

    /// <summary>The document of a finished cell.</summary>
    public static CellDocument Of(Cell cell, MethodResult result, CellCircumstances circumstances)
    {
        ArgumentNullException.ThrowIfNull(cell);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(circumstances);
        return new CellDocument(
            ResultDocument.Of(cell.RunId, cell.Settings, result, result.NodesOf(cell.Settings.Participation.Nodes))
        )
        {
            Cell = cell.Name,
            Stage = cell.Stage,
            Dataset = cell.Data.Name,
            MethodParameters = cell.Parameters,
            HeldOut = cell.HeldOut,
            Settings = cell.OwnSettings,
            ExpertsOf = result.ExpertsOf,
            Watts = circumstances.Watts,
            EnergyWattHours = result.DeviceSeconds * circumstances.Watts / SecondsPerHour,
            StartedAt = circumstances.StartedAt,
            FinishedAt = circumstances.EndedAt,
            Versions = circumstances.Versions,
            Machine = circumstances.Machine,
        };
    }
}

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
