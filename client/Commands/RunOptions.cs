using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Models;
using Dmkd.Experiments.Plans;
using Dmkd.Grains.Runs;

namespace Dmkd.Client.Commands;

/// <summary>The options that decide a run's result: its settings.</summary>
internal sealed class RunOptions
{
    private readonly SettingOptions<RunSettings> _options = new(RunSettingsRules.Binder);

    public void AddTo(Command command)
    {
        foreach (var option in _options.All)
            command.Options.Add(option);
    }

    /// <summary>Reads and checks the options.</summary>
    /// <exception cref="BadInputException">Names the option, its limit and the value.</exception>
    public RunSettings Read(ParseResult parsed)
    {
        var read = _options.Read(parsed, RunSettingsRules.Binder.Defaults);
        var settings = DmkdParameters.Complete(read, name => _options.IsGiven(parsed, name));
        settings = settings with { Training = WithArchitecture(parsed, settings.Training) };
        settings = settings with { Data = DataOptions.Placed(settings.Data, settings.Seed) };
        return RunSettingsRules.ProblemsOf(settings, "--") is [var problem, ..]
            ? throw new BadInputException(problem)
            : settings;
    }

    /// <summary>The convolutional family has the widths of its option; others come with theirs.</summary>
    private TrainingSettings WithArchitecture(ParseResult parsed, TrainingSettings training)
    {
        if (training.Architecture is not { } text)
            return training;
        if (text == ConvNetArchitecture.FamilyName)
            return training with { Architecture = null };
        if (!_options.IsGiven(parsed, "widths"))
            return training;
        throw new BadInputException($"--widths is for --architecture {ConvNetArchitecture.FamilyName}, not {text}.");
    }
}
