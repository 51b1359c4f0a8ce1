using Dmkd.Contracts.Runs;
using Dmkd.Data;
using Dmkd.Serving;
using Microsoft.Extensions.Caching.Memory;

namespace Dmkd.Grains.Data;

/// <summary>
/// Reads each data set once per silo, on a thread of its own: decoding is long work. One that nobody asked for in an hour is read again when
/// somebody does. Thread-safe.
/// </summary>
/// <param name="time">What time it is; the system's when not given.</param>
public sealed class DatasetCache(TimeProvider? time = null) : IDisposable
{
    /// <summary>How long a data set is kept that nobody asks for.</summary>
    public static readonly TimeSpan LongestIdle = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly MemoryCache _datasets = IdleExpiry.CreateCache(time ?? TimeProvider.System);

    /// <summary>The data set of a source.</summary>
    /// <exception cref="DatasetException">The source cannot be read; the next call tries again.</exception>
    public async Task<ImageDataset> GetAsync(DataSource source, IProgress<DatasetProgress>? progress = null)
    {
        Task<ImageDataset> loading;
        lock (_gate)
        {
            if (!_datasets.TryGetValue(source, out loading!) || loading.IsFaulted)
                _datasets.SetIdling(source, loading = LoadAsync(source, progress), LongestIdle);
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

    /// <summary>Lets go of all data sets.</summary>
    public void Dispose() => _datasets.Dispose();

    private static Task<ImageDataset> LoadAsync(DataSource source, IProgress<DatasetProgress>? progress) => Task.Factory.StartNew(
        () => DatasetLoader.Load(SpecOf(source), progress),
        CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
