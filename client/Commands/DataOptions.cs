using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Settings;
using Dmkd.Data.Images;

namespace Dmkd.Client.Commands;

/// <summary>The options that name a data set, for a command that trains nothing.</summary>
internal sealed class DataOptions
{
    private static readonly SettingsBinder<DataSource> Binder = new(
        new DataSource { Kind = DatasetSpec.Kinds[0], Seed = 1 },
        DatasetSpec.Readers
    );

    private readonly SettingOptions<DataSource> _options = new(Binder, setting => setting.Name != "train-per-class");

    /// <summary>All of them, for the command's help.</summary>
    public IEnumerable<Option> All => _options.All;

    /// <summary>The data set that the options name.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="seed">Seed of drawing and choosing images.</param>
    /// <exception cref="BadInputException">There is no such kind.</exception>
    public DataSource Read(ParseResult parsed, int seed) => Placed(_options.Read(parsed, Binder.Defaults), seed);

    /// <summary>A data set with its whole path, drawn by a seed.</summary>
    public static DataSource Placed(DataSource data, int seed) =>
        data with
        {
            Path = data.Path is null ? null : Path.GetFullPath(data.Path),
            Seed = seed,
        };
}

/// <summary>The option that names what a model was trained with.</summary>
/// <param name="standard">Name of the one that counts when the option is not given.</param>
internal sealed class NormalisationOption(string standard)
{
    private static readonly string[] Names = [.. InputNormalisation.All.Select(known => known.Name)];

    /// <summary>The option, for the command's help.</summary>
    public Option<string> Option { get; } =
        new("--normalize")
        {
            Description =
                $"Normalisation the model was trained with: {string.Join(", ", Names)}, or mean=...;std=... with a "
                + "number for each channel",
            DefaultValueFactory = _ => standard,
        };

    /// <summary>The normalisation that it names.</summary>
    /// <exception cref="BadInputException">There is no such normalisation.</exception>
    public InputNormalisation Read(ParseResult parsed)
    {
        string text = parsed.GetValue(Option)!;
        if (!text.Contains('=', StringComparison.Ordinal))
            text = OptionReader.OneOf(parsed, Option, Names);
        return Bad.InputUnless(() => InputNormalisation.Find(text));
    }
}
