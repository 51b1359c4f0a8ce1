using System.Collections.Concurrent;
using Dmkd.Contracts.Runs;
using Dmkd.Data;

namespace Dmkd.Grains.Data;

/// <summary>Reads each data set once per silo, on a thread of its own: decoding is long work.</summary>
public sealed class DatasetCache
{
    private readonly ConcurrentDictionary<DataSource, Lazy<Task<ImageDataset>>> _datasets = new();

    /// <summary>The data set of a source.</summary>
    /// <exception cref="DatasetException">The source cannot be read; the next call tries again.</exception>
    public async Task<ImageDataset> GetAsync(DataSource source, IProgress<DatasetProgress>? progress = null)
    {
        var entry = _datasets.GetOrAdd(source, key => new Lazy<Task<ImageDataset>>(() => LoadAsync(key, progress)));
        try
        {
            return await entry.Value;
        }
        catch (DatasetException)
        {
            _datasets.TryRemove(KeyValuePair.Create(source, entry));
            throw;
        }
    }

    private static Task<ImageDataset> LoadAsync(DataSource source, IProgress<DatasetProgress>? progress) => Task.Factory.StartNew(
        () => DatasetLoader.Load(SpecOf(source), progress),
        CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    private static DatasetSpec SpecOf(DataSource source) => new()
    {
        Kind = source.Kind,
        Path = source.Path,
        TrainPerClass = source.TrainPerClass,
        TestPerClass = source.TestPerClass,
        ImageSize = source.ImageSize,
        Seed = source.Seed,
    };
}
