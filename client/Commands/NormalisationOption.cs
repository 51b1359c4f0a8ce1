using System.CommandLine;
using Dmkd.Core.Modalities.Images;

namespace Dmkd.Client.Commands;

/// <summary>The option that names what a model was trained with.</summary>
/// <param name="standard">Name of the one that counts when the option is not given.</param>
internal sealed class NormalisationOption(string standard)
{
    private static readonly string[] Names = [.. InputNormalisation.All.Select(known => known.Name)];

    /// <summary>The option, for the command's help.</summary>
    public Option<string> Option { get; } = new("--normalize")
    {
        Description = $"Normalisation the model was trained with: {string.Join(", ", Names)}",
        DefaultValueFactory = _ => standard,
    };

    /// <summary>The normalisation that it names.</summary>
    /// <exception cref="BadInputException">There is no such normalisation.</exception>
    public InputNormalisation Read(ParseResult parsed) => InputNormalisation.Find(OptionReader.OneOf(parsed, Option, Names));
}
