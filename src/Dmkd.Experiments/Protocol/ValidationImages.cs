using Dmkd.Contracts.Settings;
using Dmkd.Core;
using Dmkd.Data.Images;
using Dmkd.Data.Seeds;
using Dmkd.Experiments.Protocol.Images;

namespace Dmkd.Experiments.Protocol;

/// <summary>
/// Makes data sets whose test images are held-out training images, so that nothing is chosen by the real ones. Each is
/// a zip of class folders: an ordinary data set, which every method reads like any other, also one that learns in a
/// cluster.
/// </summary>
/// <param name="folder">Where the zips are written.</param>
/// <param name="read">Reads a data set.</param>
public sealed class ValidationImages(string folder, Func<DataSource, CancellationToken, Task<ImageDataset>> read)
    : IDisposable
{
    private const int MinTraining = 2; // per class, as every data set needs
    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>The data set with images held out.</summary>
    /// <param name="cell">A cell that has some held out.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DatasetException">A class has too few images.</exception>
    public async Task<DataSource> SourceOfAsync(Cell cell, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(cell);
        var heldOut = cell.HeldOut ?? throw new ArgumentException($"{cell.Name} holds nothing out.", nameof(cell));
        var source = cell.Data.Source;
        string file = Path.Combine(
            folder,
            FormattableString.Invariant(
                $"{cell.Data.Name}-{heldOut.Share:R}-{heldOut.Seed}-{heldOut.TrainPerClass}.zip"
            )
        );
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (!File.Exists(file))
            {
                var dataset = await read(source, cancellationToken);
                var (train, test) = Split(dataset.Train, dataset.ClassNames, heldOut);
                AtomicFile.Write(
                    file,
                    stream =>
                        ClassFolderZip.Write(
                            stream,
                            dataset.ClassNames,
                            dataset.Train.Select(train),
                            dataset.Train.Select(test)
                        )
                );
            }
        }
        finally
        {
            _writing.Release();
        }

        return new DataSource
        {
            Kind = "images",
            Path = file,
            ImageSize = source.ImageSize,
            Seed = source.Seed,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _writing.Dispose();

    /// <summary>
    /// Positions to train on and positions held out, ascending; the same for the same seed. Those held out do not
    /// depend on how many are trained on.
    /// </summary>
    /// <exception cref="DatasetException">A class has too few images.</exception>
    internal static (int[] Train, int[] HeldOut) Split(
        ImageSet images,
        IReadOnlyList<string> classNames,
        HeldOutImages heldOut
    )
    {
        List<int> train = [],
            validation = [];
        for (int label = 0; label < classNames.Count; label++)
        {
            int[] positions = images.PositionsOf([label]);
            if (positions.Length <= MinTraining)
                throw new DatasetException(
                    $"Class '{classNames[label]}' has {positions.Length} training images; "
                        + $"holding some out for validation needs at least {MinTraining + 1}."
                );
            int count = Math.Clamp(
                (int)Math.Round(heldOut.Share * positions.Length),
                1,
                positions.Length - MinTraining
            );
            new Random(SeedSequence.Derive(heldOut.Seed, SeedPurpose.HeldOutImages, label)).Shuffle(positions);
            validation.AddRange(positions[..count]);
            train.AddRange(positions[count..].Take(heldOut.TrainPerClass ?? int.MaxValue));
        }

        return ([.. train.Order()], [.. validation.Order()]);
    }
}
