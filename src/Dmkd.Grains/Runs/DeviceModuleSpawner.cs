using Dmkd.Core.Modules;
using Dmkd.Grains.Devices;

namespace Dmkd.Grains.Runs;

/// <summary>First weights made on the silo's serving lanes.</summary>
internal sealed class DeviceModuleSpawner(SiloDevices devices) : IModuleSpawner
{
    public Task<byte[]> RandomAsync(NetworkArchitecture architecture, ulong seed) => devices.Serving.RunAsync(_ => SpawnWork.Random(architecture, seed));

    public Task<byte[]> FromParentAsync(NetworkArchitecture architecture, byte[] parent, ulong seed) =>
        devices.Serving.RunAsync(_ => SpawnWork.FromParent(architecture, parent, seed));
}
