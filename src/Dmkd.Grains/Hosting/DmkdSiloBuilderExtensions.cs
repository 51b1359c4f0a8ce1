using Dmkd.Grains.Data;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Storage;
using Dmkd.Grains.Wire;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dmkd.Grains.Hosting;

/// <summary>Adds DMKD's grains, and what they need, to a silo.</summary>
public static class DmkdSiloBuilderExtensions
{
    /// <summary>Adds devices, data and routing caches, and state and weights in a folder of this machine.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="storage">Where state and weights lie. The folder and the database are made when they do not exist.</param>
    public static ISiloBuilder AddDmkd(this ISiloBuilder silo, SiloStorageOptions storage)
    {
        Directory.CreateDirectory(storage.Home);
        string connectionString = new SqliteConnectionStringBuilder { DataSource = storage.DatabasePath }.ToString();
        SqliteSchema.Ensure(connectionString);
        silo.AddAdoNetGrainStorage(StorageNames.Provider, options =>
        {
            options.Invariant = SqliteSchema.Invariant;
            options.ConnectionString = connectionString;
            options.GrainStorageSerializer = new JsonStateSerializer();
        });
        silo.AddActivityPropagation();
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.AddSingleton<IWeightStore>(new FolderWeightStore(storage.WeightsPath));
        silo.Services.TryAddSingleton<SiloDevices>();
        silo.Services.TryAddSingleton<DatasetCache>();
        silo.Services.TryAddSingleton<ExpertCache>();
        silo.Services.TryAddSingleton<VersionWeights>();
        silo.Services.TryAddSingleton<NodeMeasurements>();
        silo.Services.TryAddSingleton<ISubmissionCodec, SubmissionCodec>();
        silo.Services.TryAddSingleton<INodeWork, DeviceNodeWork>();
        silo.Services.TryAddSingleton<IMergeWork, DeviceMergeWork>();
        return silo;
    }
}
