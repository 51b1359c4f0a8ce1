using Dmkd.Contracts.Settings;
using Dmkd.Core.Devices;
using Dmkd.Core.Routing;
using Dmkd.Data.Images;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Routing;
using Dmkd.Hosting.Placement;
using Dmkd.Hosting.Storage;
using Dmkd.Hosting.Telemetry;

namespace Dmkd.Grains.Runs.Stages;

/// <summary>The long work of a run's own, on data and tensors. Equal input gives equal bytes.</summary>
internal interface IRunWork
{
    /// <summary>Evaluations that can be under way at the same time.</summary>
    int ServingLanes { get; }

    /// <summary>Trains the legacy model.</summary>
    /// <param name="settings">The run's settings.</param>
    /// <param name="images">What its owner trains and tests on.</param>
    /// <param name="progress">Receives the share done, in (0, 1]; on any thread.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task<TrainedLegacy> TrainLegacyAsync(
        RunSettings settings,
        LegacyImages images,
        Action<double> progress,
        CancellationToken cancellationToken
    );

    /// <summary>Takes the legacy model apart.</summary>
    /// <param name="settings">The run's settings.</param>
    /// <param name="parts">The model, and what it is taken apart by.</param>
    /// <param name="progress">Receives the share done, in (0, 1]; on any thread.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    Task<TakenApart> TakeApartAsync(
        RunSettings settings,
        LegacyParts parts,
        Action<double> progress,
        CancellationToken cancellationToken
    );

    /// <summary>Fits a gate to exemplars.</summary>
    Task<GateFit> FitAsync(IGate gate, ExemplarScores exemplars, CancellationToken cancellationToken);

    /// <summary>Fits a gate to the moments of some experts, which come along as bytes.</summary>
    Task<GateFit> FitAsync(
        IGate gate,
        LibraryMoments moments,
        IReadOnlyList<string> experts,
        CancellationToken cancellationToken
    );
}

/// <summary>What the owner of the legacy model has.</summary>
/// <param name="Training">Images it trains on.</param>
/// <param name="Test">Images it is tested on.</param>
/// <param name="Classes">Number of classes.</param>
internal sealed record LegacyImages(ImageSet Training, ImageSet Test, int Classes);

/// <summary>A legacy model that is taken apart.</summary>
/// <param name="Architecture">Its architecture.</param>
/// <param name="Weights">Its weights, as safetensors.</param>
/// <param name="Calibration">Images that its units are scored by.</param>
/// <param name="Training">Images that experts are distilled on.</param>
/// <param name="Groups">Outputs of each expert's classes.</param>
internal sealed record LegacyParts(
    string Architecture,
    byte[] Weights,
    ImageSet Calibration,
    ImageSet Training,
    int[][] Groups
);

/// <summary>A fitted gate.</summary>
/// <param name="Parameters">What was fitted.</param>
/// <param name="DeviceTime">Device time.</param>
internal sealed record GateFit(byte[] Parameters, TimeSpan DeviceTime)
{
    /// <summary>The moments that it was fitted to; empty when it was to exemplars.</summary>
    public byte[] Moments { get; init; } = [];
}

/// <summary>A run's work on the silo's lanes. Grain state stays outside: values in, values out.</summary>
internal sealed class RunWork(SiloDevices devices) : IRunWork
{
    public int ServingLanes => devices.Serving.LaneCount;

    public Task<TrainedLegacy> TrainLegacyAsync(
        RunSettings settings,
        LegacyImages images,
        Action<double> progress,
        CancellationToken cancellationToken
    ) =>
        devices.Training.RunAsync(
            job => LegacyWork.Train(job, settings, images.Training, images.Test, images.Classes, progress),
            cancellationToken
        );

    public Task<TakenApart> TakeApartAsync(
        RunSettings settings,
        LegacyParts parts,
        Action<double> progress,
        CancellationToken cancellationToken
    ) => devices.Training.RunAsync(job => TakeApart(job, settings, parts, progress), cancellationToken);

    public Task<GateFit> FitAsync(IGate gate, ExemplarScores exemplars, CancellationToken cancellationToken) =>
        devices.Serving.RunAsync(job => new GateFit(gate.Fit(exemplars).Encode(), job.Elapsed), cancellationToken);

    public Task<GateFit> FitAsync(
        IGate gate,
        LibraryMoments moments,
        IReadOnlyList<string> experts,
        CancellationToken cancellationToken
    ) => devices.Serving.RunAsync(job => Fit(job, gate, moments, experts), cancellationToken);

    private static TakenApart TakeApart(
        DeviceJob job,
        RunSettings settings,
        LegacyParts parts,
        Action<double> progress
    ) =>
        LegacyWork.Preserve(
            job,
            settings,
            parts.Architecture,
            parts.Weights,
            parts.Calibration,
            parts.Training,
            parts.Groups,
            progress
        );

    private static GateFit Fit(DeviceJob job, IGate gate, LibraryMoments moments, IReadOnlyList<string> experts)
    {
        byte[] parameters = gate.Fit(moments.Of(experts)).Encode();
        byte[] content = moments.Encode();
        return new GateFit(parameters, job.Elapsed) { Moments = content };
    }
}

/// <summary>What the silo gives to stages.</summary>
internal sealed record StageServices(
    IWeightStore Weights,
    DatasetCache Datasets,
    IRunWork Work,
    IModuleSpawner Spawner,
    StoreOutages Outages,
    DmkdInstruments Instruments,
    TimeProvider Time
)
{
    /// <summary>Time between two looks at a round.</summary>
    public TimeSpan PollPeriod { get; init; } = TimeSpan.FromMilliseconds(50);
}
