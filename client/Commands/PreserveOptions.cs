using System.CommandLine;
using Dmkd.Client.Files;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Grains.Preservation;

namespace Dmkd.Client.Commands;

/// <summary>The options that decide what experts come out of a legacy model: the settings of <c>preserve</c>, the architecture and the classes.</summary>
internal sealed class PreserveOptions
{
    private readonly SettingOptions<PreservationSettings> _options = new(PreservationRules.Binder);
    private readonly Option<string?> _architecture = new("--architecture") { Description = $"{Architectures.Help}; with --torchscript that of the surrogate and the experts" };
    private readonly Option<string?> _classes = new("--classes-per-expert")
    {
        Description = "Classes of each expert by name or number, such as \"cat,dog;car,ship\", or how many each gets, such as 5; chosen by --grouping when not given",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_architecture);
        foreach (var option in _options.All) command.Options.Add(option);
        command.Options.Add(_classes);
    }

    /// <summary>The data set that the options name.</summary>
    /// <exception cref="BadInputException">An option is out of its limits.</exception>
    public DataSource ReadData(ParseResult parsed)
    {
        var settings = _options.Read(parsed, PreservationRules.Binder.Defaults);
        return DataOptions.Placed(settings.Data, settings.Seed);
    }

    /// <summary>Reads and checks the options.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="data">The data set that they name.</param>
    /// <param name="classNames">Its classes.</param>
    /// <exception cref="BadInputException">Names the option, its limit and the value.</exception>
    public PreservationSettings Read(ParseResult parsed, DataSource data, IReadOnlyList<string> classNames)
    {
        string architecture = parsed.GetValue(_architecture) ?? throw new BadInputException("--architecture is required.");
        var read = _options.Read(parsed, PreservationRules.Binder.Defaults);
        var settings = read with
        {
            Data = data,
            Architecture = Architectures.Read(architecture, classNames.Count, data.ImageSize).ToString()!,
            ClassGroups = parsed.GetValue(_classes) is { } text ? ClassGroups.Read(text, classNames, read.Experts) : null,
        };
        return Bad.InputUnless(
            () =>
            {
                PreservationRules.Check(settings);
                return settings;
            },
            (nameof(settings.ExpertSize), _options["expert-size"]), (nameof(settings.GateSize), _options["gate-size"]), (nameof(settings.MinimumWidth), _options["min-width"]));
    }
}
