using Dmkd.Contracts.Runs;

namespace Dmkd.Experiments.Plans;

/// <summary>What an experiment file asks for: methods x data sets x seeds, a search for parameters before, and ablations after.</summary>
public sealed record ExperimentPlan
{
    /// <summary>Power that device time is multiplied with when the file names none, in watts: about one busy core of a server with its share of memory.</summary>
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
            Training = new() { Rounds = Budget.Rounds, Epochs = Budget.Epochs, BatchSize = Budget.BatchSize, Widths = Budget.Widths },
        };
        // Results must not depend on what else the machine does: every node is waited for.
        return settings with { Participation = settings.Participation with { ShortestWait = settings.Participation.RoundDeadline } };
    }
}
