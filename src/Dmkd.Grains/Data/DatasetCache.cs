using Dmkd.Contracts.Runs;
using Dmkd.Data;

namespace Dmkd.Grains.Data;

/// <summary>Reads each data set once per silo, on a thread of its own: decoding is long work.</summary>
public sealed class DatasetCache
{
    private readonly Lock _gate = new();
    private readonly Dictionary<DataSource, Task<ImageDataset>> _datasets = [];

    /// <summary>The data set of a source.</summary>
    /// <exception cref="DatasetException">The source cannot be read; the next call tries again.</exception>
    public async Task<ImageDataset> GetAsync(DataSource source, IProgress<DatasetProgress>? progress = null)
    {
        Task<ImageDataset> loading;
        lock (_gate)
        {
            if (!_datasets.TryGetValue(source, out loading!) || loading.IsFaulted)
                _datasets[source] = loading = LoadAsync(source, progress);
        }

        return await loading;
    }

    /// <summary>What there is to load for a source.</summary>
    public static DatasetSpec SpecOf(DataSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new DatasetSpec
        {
            Kind = source.Kind,
            Path = source.Path,
            TrainPerClass = source.TrainPerClass,
            TestPerClass = source.TestPerClass,
            ImageSize = source.ImageSize,
            Seed = source.Seed,
        };
    }

    private static Task<ImageDataset> LoadAsync(DataSource source, IProgress<DatasetProgress>? progress) => Task.Factory.StartNew(
        () => DatasetLoader.Load(SpecOf(source), progress),
        CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
