using Dmkd.Hosting.Storage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Dmkd.Grains.Tests.Cluster;

/// <summary>
/// Stands before the silo's real storage: a test sees every state just before it is stored, and can hold the write.
/// </summary>
internal sealed class StorageProbe
{
    /// <summary>Called with the state that is about to be stored, on the grain's own turn.</summary>
    public Func<object, Task> BeforeWrite { get; set; } = _ => Task.CompletedTask;

    /// <summary>Puts the probe before the storage that <c>AddDmkd</c> added.</summary>
    public void Attach(ISiloBuilder silo)
    {
        var real = silo.Services.Last(service =>
            service.ServiceType == typeof(IGrainStorage) && Equals(service.ServiceKey, StorageNames.Provider)
        );
        silo.Services.Remove(real);
        silo.Services.AddKeyedSingleton<IGrainStorage>(
            StorageNames.Provider,
            (services, key) => new Probed(this, (IGrainStorage)real.KeyedImplementationFactory!(services, key))
        );
    }

    private sealed class Probed(StorageProbe probe, IGrainStorage real)
        : IGrainStorage,
            ILifecycleParticipant<ISiloLifecycle>
    {
        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            real.ReadStateAsync(stateName, grainId, grainState);

        public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            await probe.BeforeWrite(grainState.State!);
            await real.WriteStateAsync(stateName, grainId, grainState);
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            real.ClearStateAsync(stateName, grainId, grainState);

        public void Participate(ISiloLifecycle lifecycle) =>
            ((ILifecycleParticipant<ISiloLifecycle>)real).Participate(lifecycle);
    }
}
