using Dmkd.Contracts.Settings;

namespace Dmkd.Experiments.Plans;

/// <summary>
/// What an experiment file asks for: methods x data sets x seeds, a search for parameters before, and ablations after.
/// </summary>
public sealed record ExperimentPlan
{
    /// <summary>
    /// Power that device time is multiplied with when the file names none, in watts: about one busy core of a server
    /// with its share of memory.
    /// </summary>
    public const double DefaultWatts = 10;

    /// <summary>Name of the experiment, and of its folder of results.</summary>
    public required string Name { get; init; }

    /// <summary>The file it was read from, as the user gave it.</summary>
    public required string File { get; init; }

    /// <summary>The data sets.</summary>
    public required IReadOnlyList<PlannedData> Data { get; init; }

    /// <summary>The methods, in the order of the tables.</summary>
    public required IReadOnlyList<PlannedMethod> Methods { get; init; }

    /// <summary>The ablations, in the order in which they run.</summary>
    public IReadOnlyList<PlannedVariation> Variations { get; init; } = [];

    /// <summary>Seeds of everything random, except of the data sets. Default: 1 to 5.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [1, 2, 3, 4, 5];

    /// <summary>Number of nodes, N.</summary>
    public int Nodes { get; init; } = 4;

    /// <summary>Concentration of the nodes' class shares; infinity is even.</summary>
    public double Dirichlet { get; init; } = 1;

    /// <summary>What every method may spend.</summary>
    public TrainingBudget Budget { get; init; } = TrainingBudget.Default;

    /// <summary>How parameters are searched; null when every method keeps its own.</summary>
    public ParameterSearch? Search { get; init; }

    /// <summary>Label of the method that the others are compared with.</summary>
    public required string Reference { get; init; }

    /// <summary>Power of the device while it computes, in watts, assumed and not measured.</summary>
    public double Watts { get; init; } = DefaultWatts;

    /// <summary>The settings that all methods share.</summary>
    /// <param name="data">The data set.</param>
    /// <param name="seed">Seed of everything random.</param>
    public RunSettings SettingsFor(PlannedData data, int seed)
    {
        ArgumentNullException.ThrowIfNull(data);
        var settings = new RunSettings
        {
            Data = data.Source,
            Tasks = data.Tasks,
            Seed = seed,
            Participation = new() { Nodes = Nodes, Dirichlet = Dirichlet },
            Training = new()
            {
                Rounds = Budget.Rounds,
                Epochs = Budget.Epochs,
                BatchSize = Budget.BatchSize,
                Widths = Budget.Widths,
            },
        };
        // Results must not depend on what else the machine does: every node is waited for.
        return settings with
        {
            Participation = settings.Participation with { ShortestWait = settings.Participation.RoundDeadline },
        };
    }
}

/// <summary>
/// An experiment file, or a folder of results, cannot be used; the message is one line with file, line, key, limit and
/// value.
/// </summary>
public sealed class PlanException(string message) : Exception(message);

/// <summary>A data set of an experiment.</summary>
/// <param name="Name">Name in results.</param>
/// <param name="Source">What to read; its path is absolute.</param>
/// <param name="WrittenPath">The path as the file has it: moving a folder must not make its cells new ones.</param>
/// <param name="Tasks">Tasks that its classes are split into, T.</param>
public sealed record PlannedData(string Name, DataSource Source, string? WrittenPath, int Tasks);

/// <summary>A method of an experiment with its parameters.</summary>
/// <param name="Label">Name in results; no two methods of an experiment have the same.</param>
/// <param name="Method">Which method it is.</param>
/// <param name="Parameters">Texts by parameter name; numbers in one spelling.</param>
/// <param name="Line">Where it stands in the file.</param>
public sealed record PlannedMethod(
    string Label,
    string Method,
    IReadOnlyDictionary<string, string> Parameters,
    int Line
)
{
    /// <summary>The parameter that is searched for every method which does not name it.</summary>
    public const string LearningRate = "learning-rate";

    /// <summary>Parameters that the file gives a list of values: the best combination is searched.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Searched { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Whether the file says something about a parameter.</summary>
    public bool Names(string parameter) => Parameters.ContainsKey(parameter) || Searched.ContainsKey(parameter);

    /// <summary>The same method with a parameter of another value.</summary>
    public PlannedMethod With(string parameter, string value) =>
        this with
        {
            Parameters = new Dictionary<string, string>(Parameters) { [parameter] = value },
        };

    /// <summary>The same method with several parameters of other values.</summary>
    public PlannedMethod With(IReadOnlyDictionary<string, string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Aggregate(this, (method, pair) => method.With(pair.Key, pair.Value));
    }
}

/// <summary>An ablation: one parameter at a time takes several values, around a method of the experiment.</summary>
/// <param name="Label">Label of the method.</param>
/// <param name="Parameter">The parameter.</param>
/// <param name="Values">Its values, in the order of the curve.</param>
/// <param name="Line">Where it stands in the file.</param>
public sealed record PlannedVariation(string Label, string Parameter, IReadOnlyList<string> Values, int Line);

/// <summary>What every method may spend on a task; the same for all, or a comparison would say nothing.</summary>
/// <param name="Rounds">Rounds per task.</param>
/// <param name="Epochs">Passes over the data per round.</param>
/// <param name="BatchSize">Images per training step.</param>
/// <param name="Widths">Channels of the backbone's layers.</param>
public sealed record TrainingBudget(int Rounds, int Epochs, int BatchSize, LayerWidths Widths)
{
    /// <summary>What <c>run</c> spends.</summary>
    public static TrainingBudget Default { get; } =
        Of(
            new RunSettings
            {
                Data = new DataSource { Kind = "synthetic", Seed = 1 },
            }
        );

    private static TrainingBudget Of(RunSettings settings) =>
        new(settings.Training.Rounds, settings.Training.Epochs, settings.Training.BatchSize, settings.Training.Widths);
}

/// <summary>
/// Grid search for each method's parameters, on images held out of the training data; test images are never looked at.
/// All methods share the grid of learning rates; a method may have lists of its own
/// (<see cref="PlannedMethod.Searched"/>), which are searched together with it.
/// </summary>
/// <param name="LearningRates">The grid of a method that names no learning rate, in one spelling.</param>
/// <param name="ValidationShare">Share of each class's training images that is held out, in (0, 0.5].</param>
/// <param name="Seed">Seed of the search, and of what is held out.</param>
/// <param name="TrainPerClass">Images per class that the search trains on at most; null for all that are not held
/// out.</param>
public sealed record ParameterSearch(
    IReadOnlyList<string> LearningRates,
    double ValidationShare,
    int Seed,
    int? TrainPerClass
)
{
    /// <summary>
    /// What is tried for a method: every combination of its lists, in their order; none for a method that has nothing
    /// to search.
    /// </summary>
    /// <param name="method">The method.</param>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> GridOf(PlannedMethod method)
    {
        ArgumentNullException.ThrowIfNull(method);
        IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> lists = method.Searched.OrderBy(
            pair => pair.Key,
            StringComparer.Ordinal
        );
        if (!method.Names(PlannedMethod.LearningRate))
            lists = lists.Prepend(new(PlannedMethod.LearningRate, LearningRates));
        IEnumerable<IReadOnlyDictionary<string, string>> none = [new Dictionary<string, string>()];
        var grid = lists.Aggregate(
            none,
            (some, list) => some.SelectMany(one => list.Value.Select(value => With(one, list.Key, value)))
        );
        return [.. grid.Where(one => one.Count > 0)];
    }

    private static Dictionary<string, string> With(
        IReadOnlyDictionary<string, string> one,
        string parameter,
        string value
    ) => new(one) { [parameter] = value };
}
