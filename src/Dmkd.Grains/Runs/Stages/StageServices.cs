using Dmkd.Grains.Data;
using Dmkd.Grains.Devices;
using Dmkd.Grains.Storage;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>What the silo gives to stages.</summary>
internal sealed record StageServices(
    IWeightStore Weights, DatasetCache Datasets, SiloDevices Devices, IModuleSpawner Spawner, TimeProvider Time);
