using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Dmkd.Contracts.Settings;

/// <summary>
/// Everything that decides a run's result. Same settings on the same kind of device, same numbers. A property with a
/// description is a setting: an option of <c>run</c>, a parameter of experiments, a row of docs/reference/settings.md.
/// Its description is its documentation.
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.RunSettings"), JsonConverter(typeof(RunSettingsJson))]
public sealed record RunSettings : IValidatableObject
{
#pragma warning disable CS1591 // the descriptions are the documentation
    [Id(0)]
    public required DataSource Data { get; init; }

    [Id(1), Range(1, 1000), Description("Tasks the classes are split into")]
    public int Tasks { get; init; } = 5;

    [Id(2)]
    public ParticipationSettings Participation { get; init; } = new();

    [Id(3)]
    public TrainingSettings Training { get; init; } = new();

    [Id(4)]
    public MergingSettings Merging { get; init; } = new();

    [Id(5)]
    public RoutingSettings Routing { get; init; } = new("evidence", 1, 0);

    [Id(6)]
    public FittingSettings Fitting { get; init; } = new();

    [Id(7)]
    public LegacySettings Legacy { get; init; } = new();

    [Id(8), Range(0, int.MaxValue), Description("Seed of everything random")]
    public int Seed { get; init; } = 1;

    [Id(9), DataType("device"), Description("Device that the nodes' silos must have")]
    public string Device { get; init; } = "any";
#pragma warning restore CS1591

    /// <summary>
    /// A finished run whose experts this one takes over instead of learning them: all but the routing must be equal
    /// (<see cref="LearnsAs"/>), so that the result is that of a run that learns. Null to learn.
    /// </summary>
    [Id(10), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ExpertsOf { get; init; }

    /// <summary>Whether a run with other settings learns the same experts: only how inputs find them differs.</summary>
    /// <param name="other">The other settings.</param>
    public bool LearnsAs(RunSettings other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return WithoutRouting() == other.WithoutRouting();
    }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Legacy.Tasks > Tasks)
            yield return new ValidationResult(
                $"{{legacy-tasks}} must be at most {{tasks}}, {Tasks}, not {Legacy.Tasks}."
            );
        if (Training.StartFrom == "legacy" && Legacy.Tasks == 0)
            yield return new ValidationResult(
                "{start-from} legacy needs a legacy network: {legacy-tasks} must be above 0."
            );
    }

    /// <summary>The most similar expert is found by its evidence, hence by the routing.</summary>
    private RunSettings WithoutRouting() =>
        this with
        {
            Routing = Training.StartFrom == "similar" ? Routing : new RoutingSettings("", 0, 0),
            Fitting = Fitting with { Calibration = "", Exemplars = 0 },
            ExpertsOf = null,
        };
}

/// <summary>
/// Who takes part in a run, what share of the data each has, and how long a round waits (proposal 3.4).
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.ParticipationSettings")]
public sealed record ParticipationSettings : IFlatSection, IValidatableObject
{
    private const double MaxSeconds = 7 * 86_400;

#pragma warning disable CS1591 // the descriptions are the documentation
    [Id(0), Range(1, 1000), Description("Nodes the training data is spread over")]
    public int Nodes { get; init; } = 4;

    [
        Id(1),
        Range(0.001, double.PositiveInfinity),
        Description("Concentration of the nodes' class shares: small is uneven, inf is even")
    ]
    public double Dirichlet { get; init; } = 1;

    [Id(2), Range(0, 1000), Description("Nodes that hold each module; 0 for all")]
    public int Holders { get; init; }

    [
        Id(3),
        Range(0.001, 1.0),
        Description("Share of a module's holders drawn for each round"),
        DisplayName("participation"),
        JsonPropertyName("Participation")
    ]
    public double Share { get; init; } = 1;

    [
        Id(4),
        Range(0.0, 1.0, MinimumIsExclusive = true),
        Description("Share of the participants that must have submitted when the deadline passes")
    ]
    public double Quorum { get; init; } = 0.5;

    [
        Id(5),
        Range(0.0, MaxSeconds, MinimumIsExclusive = true),
        Description("Longest deadline of a round, in seconds; what the first round waits"),
        DisplayName("longest-wait")
    ]
    public TimeSpan RoundDeadline { get; init; } = TimeSpan.FromMinutes(30);

    [Id(6), Range(0.0, MaxSeconds, MinimumIsExclusive = true), Description("Shortest deadline of a round, in seconds")]
    public TimeSpan ShortestWait { get; init; } = TimeSpan.FromSeconds(30);

    [
        Id(7),
        Range(0.0, 1000.0),
        Description("A deadline is the median of past arrivals plus this many median absolute deviations")
    ]
    public double WaitSpread { get; init; } = 6;
#pragma warning restore CS1591

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Holders > Nodes)
            yield return new ValidationResult(
                $"{{holders}} must be at most the number of nodes, {Nodes}, not {Holders}."
            );
        if (ShortestWait <= RoundDeadline)
            yield break;
        yield return new ValidationResult(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{{shortest-wait}} must be at most {{longest-wait}}, {RoundDeadline.TotalSeconds} s, not "
                    + $"{ShortestWait.TotalSeconds} s."
            )
        );
    }
}

/// <summary>
/// Names a data set, so that every silo reads the same one from its own disk: data never crosses the wire.
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.DataSource")]
public sealed record DataSource
{
#pragma warning disable CS1591 // the descriptions are the documentation
    [Id(0), DataType("data set"), DisplayName("data"), Description("Data set")]
    public required string Kind { get; init; }

    [
        Id(1),
        DisplayName("data-path"),
        Description("Folder or zip with train/ and test/ class folders, or folder of CIFAR binary files")
    ]
    public string? Path { get; init; }

    [Id(2), Description("Training images per class; all when not given (synthetic: 400)")]
    public int? TrainPerClass { get; init; }

    [Id(3), Description("Test images per class; all when not given (synthetic: 100)")]
    public int? TestPerClass { get; init; }

    [Id(4), Description("Height and width that images are brought to, in pixels")]
    public int ImageSize { get; init; } = 32;
#pragma warning restore CS1591

    /// <summary>Seed of drawing and choosing images.</summary>
    [Id(5)]
    public required int Seed { get; init; }
}
