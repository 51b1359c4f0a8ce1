using System.Diagnostics.Metrics;
using System.Net;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Merging;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Routing;
using Dmkd.Grains.Runs;
using Dmkd.Grains.Runs.Engine;
using Dmkd.Grains.Runs.Stages;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;
using Dmkd.Serving;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Dmkd.Grains;

/// <summary>Adds DMKD's grains, and what they need, to a silo.</summary>
public static class DmkdSiloBuilderExtensions
{
    /// <summary>
    /// Makes a silo one of several on this machine, which find one another, and keep state and weights, in one folder.
    /// Loopback only.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="storage">The folder.</param>
    /// <param name="siloPort">Port that silos use.</param>
    /// <param name="gatewayPort">Port that clients use.</param>
    public static ISiloBuilder UseSharedFolder(
        this ISiloBuilder silo,
        SiloStorageOptions storage,
        int siloPort,
        int gatewayPort
    )
    {
        silo.Configure<ClusterOptions>(options =>
            (options.ServiceId, options.ClusterId) = (DmkdClientBuilderExtensions.ServiceId, "dmkd-folder")
        );
        silo.UseAdoNetClustering(options =>
            (options.Invariant, options.ConnectionString) = (SqliteSchema.Invariant, storage.ConnectionString)
        );
        silo.ConfigureEndpoints(IPAddress.Loopback, siloPort, gatewayPort, listenOnAnyHostAddress: false);
        return silo.DetectFailuresQuickly();
    }

    /// <summary>
    /// Makes a silo one of a cluster over PostgreSQL, which <see cref="ClusterDatabase.PrepareAsync"/> has prepared.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="storage">The database.</param>
    /// <param name="address">Address by which other silos and clients reach this one; it listens there and nowhere
    /// else.</param>
    /// <param name="siloPort">Port that silos use.</param>
    /// <param name="gatewayPort">Port that clients use.</param>
    public static ISiloBuilder UseCluster(
        this ISiloBuilder silo,
        ClusterStorageOptions storage,
        IPAddress address,
        int siloPort,
        int gatewayPort
    )
    {
        silo.Configure<ClusterOptions>(options =>
            (options.ServiceId, options.ClusterId) = (DmkdClientBuilderExtensions.ServiceId, storage.ClusterId)
        );
        silo.UseAdoNetClustering(options =>
            (options.Invariant, options.ConnectionString) = (PostgresSchema.Invariant, storage.ConnectionString)
        );
        silo.UseAdoNetReminderService(options =>
            (options.Invariant, options.ConnectionString) = (PostgresSchema.Invariant, storage.ConnectionString)
        );
        silo.ConfigureEndpoints(address, siloPort, gatewayPort, listenOnAnyHostAddress: false);
        silo.Configure<SiloMessagingOptions>(MessageLimits.Apply).LimitMessages(MessageLimits.OfSilos);
        return silo.DetectFailuresQuickly();
    }

    /// <summary>A killed silo is noticed in 2 to 3 seconds, a frozen one in about 10.</summary>
    private static ISiloBuilder DetectFailuresQuickly(this ISiloBuilder silo) =>
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = TimeSpan.FromSeconds(2);
            options.MaxProbeTimeout = TimeSpan.FromSeconds(3);
            options.NumMissedProbesLimit = 3;
            options.TableRefreshTimeout = TimeSpan.FromSeconds(10);
            options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        });

    /// <summary>Adds devices, data and routing caches, and state and weights in a folder of this machine.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="storage">Where state and weights lie. The folder and the database are made when they do not
    /// exist.</param>
    public static ISiloBuilder AddDmkd(this ISiloBuilder silo, SiloStorageOptions storage)
    {
        storage.MakeHome();
        OwnerOnly.File(storage.DatabasePath);
        SqliteSchema.Ensure(storage.ConnectionString);
        silo.Services.AddSingleton<IWeightStore>(services =>
            Cached(services, new FolderWeightStore(storage.WeightsPath, isPrivate: true))
        );
        silo.Services.AddSingleton(services =>
            storage.CollectorOf(
                services.GetRequiredService<IWeightStore>(),
                services.GetRequiredService<TimeProvider>()
            )
        );
        silo.Services.AddSingleton(new StateDatabase(() => new SqliteConnection(storage.CheckConnectionString)));
        return silo.AddDmkd(SqliteSchema.Invariant, storage.ConnectionString);
    }

    /// <summary>Adds devices, data and routing caches, and state and weights of a cluster.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="storage">The database, prepared.</param>
    public static ISiloBuilder AddDmkd(this ISiloBuilder silo, ClusterStorageOptions storage)
    {
        silo.Services.AddSingleton(_ => NpgsqlDataSource.Create(storage.ConnectionString));
        silo.Services.AddSingleton<IWeightStore>(services =>
            Cached(
                services,
                ClusterDatabase.WeightsOf(
                    storage,
                    services.GetRequiredService<NpgsqlDataSource>(),
                    services.GetRequiredService<TimeProvider>()
                )
            )
        );
        silo.Services.AddSingleton(services =>
            ClusterDatabase.CollectorOf(
                services.GetRequiredService<IWeightStore>(),
                services.GetRequiredService<NpgsqlDataSource>(),
                services.GetRequiredService<TimeProvider>()
            )
        );
        silo.Services.AddSingleton(services =>
            ClusterDatabase.AuditOf(
                services.GetRequiredService<NpgsqlDataSource>(),
                services.GetRequiredService<TimeProvider>()
            )
        );
        silo.Services.AddSingleton(services => new StateDatabase(
            services.GetRequiredService<NpgsqlDataSource>().CreateConnection
        ));
        silo.Services.AddHostedService<WeightCollection>();
        return silo.AddDmkd(PostgresSchema.Invariant, storage.ConnectionString);
    }

    /// <summary>Offers nodes to the cluster when the silo has joined it. To be called before what it is added to.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="offered">Its nodes.</param>
    public static ISiloBuilder OfferNodes(this ISiloBuilder silo, OfferedNodes offered)
    {
        silo.Services.AddSingleton(offered);
        silo.Services.AddSingleton<NodeOffering>();
        return silo.AddStartupTask(
            (services, cancellationToken) => services.GetRequiredService<NodeOffering>().OfferAsync(cancellationToken)
        );
    }

    /// <summary>What <see cref="OfferNodes"/> added.</summary>
    private static OfferedNodes OfferedBy(ISiloBuilder silo) =>
        silo.Services.Select(service => service.ImplementationInstance).OfType<OfferedNodes>().FirstOrDefault()
        ?? OfferedNodes.None;

    /// <summary>Goes on with what was interrupted once the silo has started.</summary>
    /// <param name="silo">A silo of its own.</param>
    public static ISiloBuilder ResumeInterrupted(this ISiloBuilder silo)
    {
        silo.Services.AddHostedService<InterruptedWork>();
        return silo;
    }

    private static CachedWeightStore Cached(IServiceProvider services, IWeightStore store)
    {
        var time = services.GetRequiredService<TimeProvider>();
        var retrying = new RetryingWeightStore(
            store,
            time,
            services.GetRequiredService<StoreOutages>(),
            services.GetRequiredService<ILogger<RetryingWeightStore>>()
        );
        return new CachedWeightStore(retrying, services.GetRequiredService<WeightCache>());
    }

    private static ISiloBuilder AddDmkd(this ISiloBuilder silo, string invariant, string connectionString)
    {
        silo.AddAdoNetGrainStorage(
            StorageNames.Provider,
            options =>
            {
                options.Invariant = invariant;
                options.ConnectionString = connectionString;
                options.GrainStorageSerializer = new JsonStateSerializer();
                options.DeleteStateOnClear = true; // what is removed leaves no row
            }
        );
        StateStorage.PutBefore(silo.Services, StorageNames.Provider);
        silo.AddActivityPropagation();
        silo.UseSiloMetadata(SiloDevices.Capabilities(OfferedBy(silo).Names).ToMetadata());
        silo.Services.AddPlacementFilter<DeviceNeedFilter, DeviceNeedDirector>(ServiceLifetime.Singleton);
        silo.Services.AddPlacementDirector<RoundRobinPlacement, RoundRobinDirector>();
        silo.Services.TryAddSingleton<ClusterDevices>();
        silo.Services.AddRefusals();
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.TryAddSingleton(new StoreOutages());
        silo.Services.TryAddSingleton(new InterruptedRuns());
        silo.Services.TryAddSingleton<DmkdInstruments>(services => new(services.GetRequiredService<IMeterFactory>()));
        silo.Services.TryAddSingleton<SiloDevices>();
        silo.Services.TryAddSingleton<DatasetCache>();
        silo.Services.TryAddSingleton(OfferedNodes.None);
        silo.Services.TryAddSingleton<INodeDataSource, NodeDataSource>();
        silo.Services.TryAddSingleton<IHeldOutRouting, HeldOutRouting>();
        silo.Services.TryAddSingleton<LibraryCache>();
        silo.Services.TryAddSingleton(new WeightCache());
        silo.Services.TryAddSingleton<VersionWeights>();
        silo.Services.TryAddSingleton<NodeMeasurements>();
        silo.Services.TryAddSingleton<INodeWork, NodeWork>();
        silo.Services.TryAddSingleton<IMergeWork, MergeWork>();
        silo.Services.TryAddSingleton<IModuleSpawner, DeviceModuleSpawner>();
        silo.Services.TryAddSingleton<IRunWork, RunWork>();
        silo.Services.TryAddSingleton<StageServices>();
        silo.Services.TryAddSingleton<IPreservationWork, PreservationWork>();
        silo.Services.TryAddSingleton<PreservationServices>();
        silo.Services.TryAddSingleton(new EventLimits());
        return silo;
    }
}
