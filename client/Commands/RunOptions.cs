using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Runs;
using Dmkd.Core.Routing;
using Dmkd.Data;
using static Dmkd.Client.Commands.OptionReader;

namespace Dmkd.Client.Commands;

/// <summary>The options that decide a run's result, and their way into <see cref="RunSettings"/>.</summary>
internal sealed class RunOptions
{
    private static readonly RunSettings Default = new() { Data = new DataSource { Kind = DatasetSpec.Kinds[0], Seed = 1 } };

    private readonly DataOptions _data = new();
    private readonly RoundOptions _roundOptions = new(Default);
    private readonly Option<int> _tasks = Number("--tasks", "Tasks the classes are split into", Default.Tasks);
    private readonly Option<int> _nodes = Number("--nodes", "Nodes the training data is spread over", Default.Nodes);
    private readonly Option<int> _rounds = Number("--rounds", "Rounds of local updates per task", Default.Rounds);
    private readonly Option<int> _epochs = Number("--epochs", "Passes over a node's data per local update", Default.Epochs);
    private readonly Option<double> _alpha = Number("--alpha", "Share of legacy weights in preserved experts (alpha)", Default.Alpha);
    private readonly Option<double> _beta = Number("--beta", "Weight of an expert's mean entropy in routing (beta)", Default.Routing.SpecializationWeight);
    private readonly Option<int> _top = Number("--top", "Experts that answer (R)", Default.Routing.TopExperts);
    private readonly Option<string> _gate = new("--gate") { Description = $"Gate: {string.Join(", ", GateCatalog.NamesWithoutNetwork)}", DefaultValueFactory = _ => Default.Routing.Gate };
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
    private readonly Option<int> _seed = Number("--seed", "Seed of everything random", Default.Seed);

    public void AddTo(Command command)
    {
        Option[] all =
        [
            .. _data.All, _tasks, _nodes, _rounds, _epochs, _alpha, _beta,
            _top, _gate, _lambda, _dirichlet, _legacyTasks, _legacyEpochs, _batchSize, _learningRate, _seed, .. _roundOptions.All,
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
            Seed = Checked(parsed, _seed, nameof(RunSettings.Seed)),
            Routing = new RoutingSettings(
                OneOf(parsed, _gate, GateCatalog.NamesWithoutNetwork), AtLeast(parsed, _top, 1), AtLeast(parsed, _beta, 0)),
        };
        return _roundOptions.Read(parsed, settings);
    }

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
