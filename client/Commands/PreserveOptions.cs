using System.CommandLine;
using Dmkd.Client.Files;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Dmkd.Data;
using Dmkd.Grains.Preservation;
using static Dmkd.Client.Commands.OptionReader;

namespace Dmkd.Client.Commands;

/// <summary>The options that decide what experts come out of a legacy model, and their way into <see cref="PreservationSettings"/>.</summary>
internal sealed class PreserveOptions
{
    private static readonly PreservationSettings Default = new() { Data = new DataSource { Kind = DatasetSpec.Kinds[0], Seed = 1 }, Architecture = "" };

    private readonly DataOptions _data = new();
    private readonly Option<string?> _architecture = new("--architecture") { Description = $"{Architectures.Help}; with --torchscript that of the surrogate and the experts" };
    private readonly NormalisationOption _normalize = new(Default.Normalisation);
    private readonly Option<int> _experts = Number("--experts", "Experts to make (K)", Default.Experts);
    private readonly Option<double> _alpha = Number("--alpha", "Share of legacy weights in the experts' first version (alpha)", Default.Alpha);
    private readonly Option<string?> _classes = new("--classes-per-expert")
    {
        Description = "Classes of each expert by name or number, such as \"cat,dog;car,ship\", or how many each gets, such as 5; chosen by --grouping when not given",
    };

    private readonly Option<string> _grouping = new("--grouping") { Description = $"How classes are shared out without --classes-per-expert: {string.Join(", ", GroupingNames.All)}", DefaultValueFactory = _ => Default.Grouping };
    private readonly Option<double> _expertSize = Number("--expert-size", "Most multiply-adds of an expert as a share of the model's; 0 for the widths its cluster owns", Default.ExpertSize);
    private readonly Option<double> _gateSize = Number("--gate-size", "Most multiply-adds of the gate network as a share of the model's; 0 for no gate network", Default.GateSize);
    private readonly Option<double> _gateVote = Number("--gate-vote", "What the gate network's logits count beside an expert's in the evaluation", Default.GateVote);
    private readonly Option<double> _minimumWidth = Number("--min-width", "Least width of every layer of an expert as a share of the model's", Default.MinimumWidth);
    private readonly Option<string> _partition = new("--partition") { Description = $"How units are divided: {string.Join(", ", PartitionNames.All)}", DefaultValueFactory = _ => Default.Partition };
    private readonly Option<string> _scores = new("--scores") { Description = $"How importance is measured: {string.Join(", ", ScoreNames.All)}", DefaultValueFactory = _ => Default.Scores };
    private readonly Option<int> _calibration = Number("--calibration-per-class", "Images per class that importance and batch-norm statistics are measured on", Default.CalibrationPerClass);
    private readonly Option<int> _epochs = Number("--epochs", "Passes over an expert's images when it is distilled; 0 for none", Default.Epochs);
    private readonly Option<int> _gateEpochs = Number("--gate-epochs", "Passes over all images when the gate network (or a surrogate) is distilled", Default.GateEpochs);
    private readonly Option<int> _batchSize = Number("--batch-size", "Images per step", Default.BatchSize);
    private readonly Option<double> _learningRate = Number("--learning-rate", "Learning rate of Adam at the start; it falls to 0", Default.LearningRate);
    private readonly Option<double> _temperature = Number("--temperature", "Temperature of the distillation loss", Default.Temperature);
    private readonly Option<bool> _noAugment = new("--no-augment") { Description = "Do not mirror and shift images at random" };
    private readonly Option<int> _seed = Number("--seed", "Seed of everything random", Default.Seed);

    public void AddTo(Command command)
    {
        Option[] all =
        [
            _architecture, .. _data.All, _normalize.Option, _experts, _alpha, _classes, _grouping, _expertSize, _gateSize, _gateVote, _minimumWidth, _partition, _scores,
            _calibration, _epochs, _gateEpochs, _batchSize, _learningRate, _temperature, _noAugment, _seed,
        ];
        foreach (var option in all) command.Options.Add(option);
    }

    /// <summary>The data set that the options name.</summary>
    public DataSource ReadData(ParseResult parsed) => _data.Read(parsed, Checked(parsed, _seed, nameof(PreservationSettings.Seed)));

    /// <summary>Reads and checks the options.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="data">The data set that they name.</param>
    /// <param name="classNames">Its classes.</param>
    /// <exception cref="BadInputException">Names the option, its limit and the value.</exception>
    public PreservationSettings Read(ParseResult parsed, DataSource data, IReadOnlyList<string> classNames)
    {
        string architecture = parsed.GetValue(_architecture) ?? throw new BadInputException("--architecture is required.");
        int experts = Checked(parsed, _experts, nameof(PreservationSettings.Experts));
        int[][]? groups = parsed.GetValue(_classes) is { } text ? ClassGroups.Read(text, classNames, experts) : null;
        var settings = new PreservationSettings
        {
            Data = data,
            Architecture = Architectures.Read(architecture, classNames.Count, _data.ImageSize(parsed)).ToString()!,
            Normalisation = _normalize.Read(parsed).Name,
            Experts = experts,
            Alpha = Checked(parsed, _alpha, nameof(PreservationSettings.Alpha)),
            ClassGroups = groups,
            Grouping = OneOf(parsed, _grouping, GroupingNames.All),
            Partition = OneOf(parsed, _partition, PartitionNames.All),
            Scores = OneOf(parsed, _scores, ScoreNames.All),
            ExpertSize = Checked(parsed, _expertSize, nameof(PreservationSettings.ExpertSize)),
            MinimumWidth = Checked(parsed, _minimumWidth, nameof(PreservationSettings.MinimumWidth)),
            GateSize = Checked(parsed, _gateSize, nameof(PreservationSettings.GateSize)),
            GateVote = Checked(parsed, _gateVote, nameof(PreservationSettings.GateVote)),
            CalibrationPerClass = Checked(parsed, _calibration, nameof(PreservationSettings.CalibrationPerClass)),
            Epochs = Checked(parsed, _epochs, nameof(PreservationSettings.Epochs)),
            GateEpochs = Checked(parsed, _gateEpochs, nameof(PreservationSettings.GateEpochs)),
            BatchSize = Checked(parsed, _batchSize, nameof(PreservationSettings.BatchSize)),
            LearningRate = Checked(parsed, _learningRate, nameof(PreservationSettings.LearningRate)),
            Temperature = Checked(parsed, _temperature, nameof(PreservationSettings.Temperature)),
            Augment = !parsed.GetValue(_noAugment),
            Seed = Checked(parsed, _seed, nameof(PreservationSettings.Seed)),
        };
        return Bad.InputUnless(
            () =>
            {
                PreservationRules.Check(settings);
                return settings;
            },
            (nameof(settings.ExpertSize), _expertSize), (nameof(settings.GateSize), _gateSize), (nameof(settings.MinimumWidth), _minimumWidth));
    }

    private static T Checked<T>(ParseResult parsed, Option<T> option, string property)
        where T : struct, IConvertible => OptionReader.Checked<PreservationSettings, T>(parsed, option, property);
}
