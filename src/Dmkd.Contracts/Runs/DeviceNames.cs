namespace Dmkd.Contracts.Runs;

/// <summary>Names of the devices that a run's nodes may need.</summary>
public static class DeviceNames
{
    /// <summary>A GPU where a silo has one, else a CPU.</summary>
    public const string Any = "any";

    /// <summary>A CPU.</summary>
    public const string Cpu = "cpu";

    /// <summary>An NVIDIA GPU.</summary>
    public const string Cuda = "cuda";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [Any, Cpu, Cuda];
}
