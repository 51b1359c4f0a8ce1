using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Modules;
using Dmkd.Core.Preservation;
using Dmkd.Core.Routing;
using Dmkd.Data;
using static Dmkd.Client.Commands.OptionReader;

namespace Dmkd.Client.Commands;

/// <summary>The options that decide a run's result, and their way into <see cref="RunSettings"/>.</summary>
internal sealed class RunOptions
{
    private static readonly RunSettings Default = new() { Data = new DataSource { Kind = DatasetSpec.Kinds[0], Seed = 1 } };

    private const int MostLayers = 12;
    private const int MostChannels = 2048; // a legacy network has twice as many

    private readonly DataOptions _data = new();
    private readonly RoundOptions _roundOptions = new(Default);
    private readonly Option<int> _tasks = Number("--tasks", "Tasks the classes are split into", Default.Tasks);
    private readonly Option<int> _nodes = Number("--nodes", "Nodes the training data is spread over", Default.Nodes);
    private readonly Option<int> _rounds = Number("--rounds", "Rounds of local updates per task", Default.Rounds);
    private readonly Option<int> _epochs = Number("--epochs", "Passes over a node's data per local update", Default.Epochs);
    private readonly Option<double> _alpha = Number("--alpha", "Share of legacy weights in preserved experts (alpha)", Default.Alpha);
    private readonly Option<double> _beta = Number("--beta", "Weight of an expert's mean entropy in routing (beta)", Default.Routing.SpecializationWeight);
    private readonly Option<int> _top = Number("--top", "Experts that answer (R)", Default.Routing.TopExperts);
    private readonly Option<string> _gate = Text("--gate", "Gate", GateCatalog.NamesForRuns, Default.Routing.Gate);
    private readonly Option<int> _views = Number("--views", "Views of an image that an expert is shown at test: 1, 4 rotations, or 8 with those of its mirror image", Default.Routing.Views);
    private readonly Option<string> _score = Text("--score", "How class scores become evidence", EvidenceScores.Names, Default.Routing.Score);
    private readonly Option<bool> _centred = new("--centred") { Description = "Subtract the mean of an expert's logits", DefaultValueFactory = _ => Default.Routing.Centred };
    private readonly Option<int> _exemplars = Number("--exemplars", "Training images that nodes keep to fit the routing to, in all", Default.Exemplars);
    private readonly Option<string?> _calibration = new("--calibration")
    {
        Description = $"How evidence is made comparable: {string.Join(", ", CalibrationNames.All)}; when not given {Default.Calibration}, or none for a gate that is not {EvidenceGate.GateName}",
    };

    private readonly Option<bool> _unknownOutput = new("--unknown-output") { Description = "Train experts to know destroyed images, and score relative to that" };
    private readonly Option<bool> _allRotations = new("--all-rotations") { Description = "Show experts every training image in all four rotations, not a quarter of them in each", DefaultValueFactory = _ => Default.AllRotations };
    private readonly Option<string> _startFrom = Text("--start-from", "What a new task's expert starts from", StartNames.All, Default.StartFrom);
    private readonly Option<double> _lambda = Number("--lambda", "Weight of distillation in local updates (lambda)", Default.Lambda);
    private readonly Option<double> _dirichlet = new("--dirichlet")
    {
        Description = "Concentration of the nodes' class shares: small is uneven, inf is even",
        DefaultValueFactory = _ => Default.Dirichlet,
        CustomParser = ParseConcentration,
    };

    private readonly Option<int> _legacyTasks = Number("--legacy-tasks", "First tasks that the legacy model knows; 0 for no legacy model", Default.LegacyTasks);
    private readonly Option<int> _legacyEpochs = Number("--legacy-epochs", "Passes over its data when the legacy model is trained", Default.LegacyEpochs);
    private readonly Option<int> _batchSize = Number("--batch-size", "Images per training step", Default.BatchSize);
    private readonly Option<double> _learningRate = Number("--learning-rate", "Learning rate of a task's first round", Default.LearningRate);
    private readonly Option<string> _widths = new("--widths")
    {
        Description = "Channels of an expert's layers, the first layer first",
        DefaultValueFactory = _ => string.Join(',', Default.Widths),
    };

    private readonly Option<string> _architecture = new("--architecture")
    {
        Description = $"Networks: {string.Join(", ", ArchitectureCatalog.Names)}; or in text form, as exported files hold it. {ConvNetArchitecture.FamilyName} has the channels of --widths; of others the legacy network is the one, and experts are cut from it",
        DefaultValueFactory = _ => ConvNetArchitecture.FamilyName,
    };

    private readonly Option<int> _seed = Number("--seed", "Seed of everything random", Default.Seed);

    public void AddTo(Command command)
    {
        Option[] all =
        [
            .. _data.All, _tasks, _nodes, _rounds, _epochs, _alpha, _beta,
            _top, _gate, _views, _score, _centred, _exemplars, _calibration, _unknownOutput, _allRotations, _startFrom, _lambda, _dirichlet, _legacyTasks, _legacyEpochs, _batchSize, _learningRate, _architecture, _widths, _seed, .. _roundOptions.All,
        ];
        foreach (var option in all) command.Options.Add(option);
    }

    /// <summary>Reads and checks the options.</summary>
    /// <exception cref="BadInputException">Names the option, its limit and the value.</exception>
    public RunSettings Read(ParseResult parsed)
    {
        int tasks = Checked(parsed, _tasks, nameof(RunSettings.Tasks));
        var settings = new RunSettings
        {
            Data = _data.Read(parsed, Checked(parsed, _seed, nameof(RunSettings.Seed))),
            Tasks = tasks,
            Nodes = Checked(parsed, _nodes, nameof(RunSettings.Nodes)),
            Rounds = Checked(parsed, _rounds, nameof(RunSettings.Rounds)),
            Epochs = Checked(parsed, _epochs, nameof(RunSettings.Epochs)),
            Alpha = Checked(parsed, _alpha, nameof(RunSettings.Alpha)),
            Lambda = Checked(parsed, _lambda, nameof(RunSettings.Lambda)),
            Dirichlet = Checked(parsed, _dirichlet, nameof(RunSettings.Dirichlet)),
            LegacyTasks = Math.Min(Checked(parsed, _legacyTasks, nameof(RunSettings.LegacyTasks)), tasks),
            LegacyEpochs = Checked(parsed, _legacyEpochs, nameof(RunSettings.LegacyEpochs)),
            BatchSize = Checked(parsed, _batchSize, nameof(RunSettings.BatchSize)),
            LearningRate = Checked(parsed, _learningRate, nameof(RunSettings.LearningRate)),
            Architecture = ArchitectureOf(parsed),
            Widths = WidthsOf(parsed),
            Seed = Checked(parsed, _seed, nameof(RunSettings.Seed)),
            Routing = new RoutingSettings(
                OneOf(parsed, _gate, GateCatalog.NamesForRuns), AtLeast(parsed, _top, 1), AtLeast(parsed, _beta, 0),
                Views: ViewsOf(parsed, _views), Score: OneOf(parsed, _score, EvidenceScores.Names), Centred: parsed.GetValue(_centred)),
            Exemplars = Checked(parsed, _exemplars, nameof(RunSettings.Exemplars)),
            Calibration = parsed.GetValue(_calibration) is null ? CalibrationNames.DefaultFor(parsed.GetValue(_gate)!) : OneOf(parsed, _calibration!, CalibrationNames.All),
            UnknownOutput = parsed.GetValue(_unknownOutput),
            AllRotations = parsed.GetValue(_allRotations),
            StartFrom = OneOf(parsed, _startFrom, StartNames.All),
        };
        CheckTogether(settings);
        return _roundOptions.Read(parsed, settings);
    }

    /// <summary>Refuses options that do not go together.</summary>
    private void CheckTogether(RunSettings settings)
    {
        if (settings.Calibration != CalibrationNames.None && settings.Routing.Gate != EvidenceGate.GateName)
            throw new BadInputException($"{_calibration.Name} {settings.Calibration} is for {_gate.Name} {EvidenceGate.GateName}, not {settings.Routing.Gate}.");
        var gate = GateCatalog.Create(new GateOptions(settings.Routing.Gate, settings.Calibration));
        if (settings.Exemplars == 0 && gate.Needs.HasFlag(GateNeeds.Exemplars))
        {
            bool isCalibrated = settings.Calibration != CalibrationNames.None;
            string what = isCalibrated ? $"{_calibration.Name} {settings.Calibration}" : $"{_gate.Name} {settings.Routing.Gate}";
            throw new BadInputException($"{what} is fitted to exemplars: {_exemplars.Name} must be above 0.");
        }

        if (settings.StartFrom == StartNames.Legacy && settings.LegacyTasks == 0)
            throw new BadInputException($"{_startFrom.Name} {StartNames.Legacy} needs a legacy network: {_legacyTasks.Name} must be above 0.");
    }

    /// <summary>The architecture; null for the usual one.</summary>
    private string? ArchitectureOf(ParseResult parsed)
    {
        string text = parsed.GetValue(_architecture)!;
        if (text == ConvNetArchitecture.FamilyName) return null;
        if (parsed.GetResult(_widths) is { Implicit: false })
            throw new BadInputException($"{_widths.Name} is for {_architecture.Name} {ConvNetArchitecture.FamilyName}, not {text}.");
        _ = Bad.InputUnless(() => NetworkFamily.Read(text, _data.ImageSize(parsed)));
        return text;
    }

    private int[] WidthsOf(ParseResult parsed)
    {
        string[] parts = parsed.GetValue(_widths)!.Split(',', StringSplitOptions.TrimEntries);
        int[] widths = [.. parts.Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int width) ? width : 0)];
        return widths.Length <= MostLayers && widths.All(width => width is >= 1 and <= MostChannels)
            ? widths
            : throw new BadInputException($"{_widths.Name} must be 1 to {MostLayers} numbers of 1 to {MostChannels} channels, such as 16,32,64, not '{string.Join(',', parts)}'.");
    }

    private static Option<string> Text(string name, string description, IReadOnlyList<string> known, string value) =>
        new(name) { Description = $"{description}: {string.Join(", ", known)}", DefaultValueFactory = _ => value };

    private static double ParseConcentration(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (text is "inf" or "infinity") return double.PositiveInfinity;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)) result.AddError($"--dirichlet must be a number or inf, not '{text}'.");
        return value;
    }

    private static T Checked<T>(ParseResult parsed, Option<T> option, string property)
        where T : struct, IConvertible => OptionReader.Checked<RunSettings, T>(parsed, option, property);
}
