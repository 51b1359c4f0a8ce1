using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Settings;
using Dmkd.Data;
using Dmkd.Data.Images;

namespace Dmkd.Client.Commands;

/// <summary>The options that name a data set, for a command that trains nothing.</summary>
/// <param name="hasDefault">Whether images are drawn when neither a kind nor a path is named.</param>
internal sealed class DataOptions(bool hasDefault)
{
    private static readonly DataSource Drawn = new() { Kind = DatasetSpec.Kinds[0], Seed = 1 };

    private readonly SettingOptions<DataSource> _options = new(
        new SettingsBinder<DataSource>(hasDefault ? Drawn : Drawn with { Kind = null! }, DatasetSpec.Readers),
        setting => setting.Name is not ("train-per-class" or "class-order-seed")
    );

    /// <summary>All of them, for the command's help.</summary>
    public IEnumerable<Option> All => _options.All;

    /// <summary>The data set that the options name.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="seed">Seed of drawing and choosing images.</param>
    /// <exception cref="BadInputException">There is no such kind.</exception>
    public DataSource Read(ParseResult parsed, int seed)
    {
        string? kind = _options.IsGiven(parsed, "data") ? parsed.GetValue((Option<string?>)_options["data"]) : null;
        return Placed(_options.Read(parsed, Drawn), seed, kind, hasDefault);
    }

    /// <summary>A data set with its kind, which a path implies, and with whole paths, drawn by a seed.</summary>
    /// <param name="data">What the options say.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="kind">The kind that was named; null when none was.</param>
    /// <param name="hasDefault">Whether images are drawn when neither a kind nor a path is named.</param>
    /// <exception cref="BadInputException">Neither is named.</exception>
    /// <exception cref="DatasetException">The path tells no kind, or does not go with the kind.</exception>
    public static DataSource Placed(DataSource data, int seed, string? kind, bool hasDefault)
    {
        string? path = data.Path is null ? null : Path.GetFullPath(data.Path);
        string? meant = DatasetKind.Of(kind, path) ?? (hasDefault ? DatasetSpec.Kinds[0] : null);
        if (meant is null)
            throw new BadInputException(
                $"No data set is named: give --data-path with its folder or file, or --data {DatasetSpec.Kinds[0]} "
                    + "for drawn pictures."
            );
        return data with { Kind = meant, Path = path, ClassOrder = OrderOf(data.ClassOrder), Seed = seed };
    }

    /// <summary>The same data set at another place.</summary>
    /// <param name="data">The data set as it is stored.</param>
    /// <param name="path">Where it is now; null when the user did not say.</param>
    /// <param name="what">Whose data it is, for messages.</param>
    /// <returns>Null when it did not move.</returns>
    /// <exception cref="BadInputException">Nothing tells whether it is the same.</exception>
    public static DataSource? Moved(DataSource data, string? path, string what)
    {
        if (path is null || Path.GetFullPath(path) == data.Path)
            return null;
        if (data.Contents is null or { Digest: "" })
            throw new BadInputException(
                $"--data-path: {what} keeps no digest of its data, so that nothing tells whether it is the same. "
                    + (data.Path is null ? "Its images are drawn." : $"Put the data back to {data.Path}.")
            );
        return data with { Path = Path.GetFullPath(path) };
    }

    /// <summary>The order of classes with the whole path of its file.</summary>
    public static string? OrderOf(string? order) => order is null or "natural" ? order : Path.GetFullPath(order);
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
