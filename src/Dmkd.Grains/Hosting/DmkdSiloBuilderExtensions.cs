using System.Net;
using Dmkd.Grains.Data;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Runs;
using Dmkd.Grains.Storage;
using Dmkd.Grains.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;

namespace Dmkd.Grains.Hosting;

/// <summary>Adds DMKD's grains, and what they need, to a silo.</summary>
public static class DmkdSiloBuilderExtensions
{
    /// <summary>Makes a silo one of several on this machine, which find one another, and keep state and weights, in one folder. Loopback only.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="storage">The folder.</param>
    /// <param name="siloPort">Port that silos use.</param>
    /// <param name="gatewayPort">Port that clients use.</param>
    public static ISiloBuilder UseSharedFolder(this ISiloBuilder silo, SiloStorageOptions storage, int siloPort, int gatewayPort)
    {
        silo.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = ("dmkd", "dmkd-folder"));
        silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (SqliteSchema.Invariant, storage.ConnectionString));
        silo.ConfigureEndpoints(IPAddress.Loopback, siloPort, gatewayPort, listenOnAnyHostAddress: false);
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            // A killed silo is noticed in 2 to 3 seconds, a frozen one in about 10 (shared/platform.md, Orleans 7).
            options.ProbeTimeout = TimeSpan.FromSeconds(2);
            options.MaxProbeTimeout = TimeSpan.FromSeconds(3);
            options.NumMissedProbesLimit = 3;
            options.TableRefreshTimeout = TimeSpan.FromSeconds(10);
            options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        });
        return silo;
    }

    /// <summary>Adds devices, data and routing caches, and state and weights in a folder of this machine.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="storage">Where state and weights lie. The folder and the database are made when they do not exist.</param>
    public static ISiloBuilder AddDmkd(this ISiloBuilder silo, SiloStorageOptions storage)
    {
        Directory.CreateDirectory(storage.Home);
        SqliteSchema.Ensure(storage.ConnectionString);
        silo.AddAdoNetGrainStorage(StorageNames.Provider, options =>
        {
            options.Invariant = SqliteSchema.Invariant;
            options.ConnectionString = storage.ConnectionString;
            options.GrainStorageSerializer = new JsonStateSerializer();
        });
        silo.AddActivityPropagation();
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.AddSingleton<IWeightStore>(new FolderWeightStore(storage.WeightsPath));
        silo.Services.TryAddSingleton<SiloDevices>();
        silo.Services.TryAddSingleton<DatasetCache>();
        silo.Services.TryAddSingleton<ExpertCache>();
        silo.Services.TryAddSingleton<FittedGateCache>();
        silo.Services.TryAddSingleton<VersionWeights>();
        silo.Services.TryAddSingleton<NodeMeasurements>();
        silo.Services.TryAddSingleton<ISubmissionCodec, SubmissionCodec>();
        silo.Services.TryAddSingleton<INodeWork, DeviceNodeWork>();
        silo.Services.TryAddSingleton<IMergeWork, DeviceMergeWork>();
        silo.Services.TryAddSingleton<IModuleSpawner, DeviceModuleSpawner>();
        return silo;
    }
}
