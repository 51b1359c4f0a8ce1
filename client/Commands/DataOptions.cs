using System.CommandLine;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Settings;
using Dmkd.Data;

namespace Dmkd.Client.Commands;

/// <summary>The options that name a data set, for a command that trains nothing.</summary>
internal sealed class DataOptions
{
    private static readonly SettingsBinder<DataSource> Binder = new(new DataSource { Kind = DatasetSpec.Kinds[0], Seed = 1 }, DatasetSpec.Readers);

    private readonly SettingOptions<DataSource> _options = new(Binder, setting => setting.Name != "train-per-class");

    /// <summary>All of them, for the command's help.</summary>
    public IEnumerable<Option> All => _options.All;

    /// <summary>The data set that the options name.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="seed">Seed of drawing and choosing images.</param>
    /// <exception cref="BadInputException">There is no such kind.</exception>
    public DataSource Read(ParseResult parsed, int seed) => Placed(_options.Read(parsed, Binder.Defaults), seed);

    /// <summary>A data set with its whole path, drawn by a seed.</summary>
    public static DataSource Placed(DataSource data, int seed) => data with { Path = data.Path is null ? null : Path.GetFullPath(data.Path), Seed = seed };
}
