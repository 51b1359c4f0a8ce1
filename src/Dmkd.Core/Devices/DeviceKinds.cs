namespace Dmkd.Core.Devices;

/// <summary>The devices that work may ask for.</summary>
public static class DeviceKinds
{
    /// <summary>A GPU where a silo has one, else a CPU.</summary>
    [Named(Any, "a GPU where a silo has one, else a CPU", Order = 1)]
    public const string Any = "any";

    /// <summary>A CPU.</summary>
    [Named(Cpu, "a CPU", Order = 2)]
    public const string Cpu = "cpu";

    /// <summary>An NVIDIA GPU.</summary>
    [Named(Cuda, "an NVIDIA GPU", Order = 3)]
    public const string Cuda = "cuda";

    /// <summary>All of them.</summary>
    public static Registry Known { get; } = Registry.OfConstants("device", typeof(DeviceKinds));
}
