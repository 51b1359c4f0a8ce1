using Dmkd.Core.Devices;
using Dmkd.Grains.Storage;

namespace Dmkd.Client.Hosting;

/// <summary>What commands work with: the silo inside the console, or a cluster elsewhere. Dispose to leave it.</summary>
internal interface ICluster : IAsyncDisposable
{
    /// <summary>The cluster's grains.</summary>
    IGrainFactory Grains { get; }

    /// <summary>Lanes of this process, for baselines and files.</summary>
    DeviceWorker Training { get; }

    /// <summary>The weights that the grains' state names.</summary>
    IWeightStore Weights { get; }

    /// <summary>Removes weights that no state names.</summary>
    WeightCollector Collector { get; }
}
