using System.CommandLine;
using Dmkd.Contracts.Runs;
using Dmkd.Data;

namespace Dmkd.Client.Commands;

/// <summary>The options that name a data set.</summary>
internal sealed class DataOptions
{
    private readonly Option<string> _data = new("--data") { Description = $"Data set: {string.Join(", ", DatasetSpec.Kinds)}", DefaultValueFactory = _ => DatasetSpec.Kinds[0] };
    private readonly Option<string?> _dataPath = new("--data-path") { Description = "Folder or zip with train/ and test/ class folders, or folder of CIFAR binary files" };
    private readonly Option<int?> _trainPerClass = new("--train-per-class") { Description = "Training images per class; all when not given (synthetic: 400)" };
    private readonly Option<int?> _testPerClass = new("--test-per-class") { Description = "Test images per class; all when not given (synthetic: 100)" };
    private readonly Option<int> _imageSize = OptionReader.Number("--image-size", "Height and width that images are brought to, in pixels", 32);

    /// <summary>All of them, for the command's help.</summary>
    public IReadOnlyList<Option> All => [_data, _dataPath, _trainPerClass, _testPerClass, _imageSize];

    /// <summary>Those that say which test images, for a command that trains nothing.</summary>
    public IReadOnlyList<Option> OfTestImages => [_data, _dataPath, _testPerClass, _imageSize];

    /// <summary>Those that say where it is.</summary>
    public IReadOnlyList<Option> OfPlace => [_data, _dataPath, _imageSize];

    /// <summary>Height and width of the images, in pixels.</summary>
    public int ImageSize(ParseResult parsed) => parsed.GetValue(_imageSize);

    /// <summary>The data set that the options name.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="seed">Seed of drawing and choosing images.</param>
    /// <exception cref="BadInputException">There is no such kind.</exception>
    public DataSource Read(ParseResult parsed, int seed)
    {
        string? path = parsed.GetValue(_dataPath);
        return new DataSource
        {
            Kind = OptionReader.OneOf(parsed, _data, DatasetSpec.Kinds),
            Path = path is null ? null : Path.GetFullPath(path),
            TrainPerClass = parsed.GetValue(_trainPerClass),
            TestPerClass = parsed.GetValue(_testPerClass),
            ImageSize = parsed.GetValue(_imageSize),
            Seed = seed,
        };
    }
}
