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

    [
        Id(11),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull),
        Description("Classes of each task, such as 50,25,25; as even as can be when not given")
    ]
    public string? TaskSizes { get; init; }

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

    /// <summary>
    /// Whether whoever started the run wanted no baseline beside it; null for a run of an earlier program. Decides
    /// nothing of the run itself.
    /// </summary>
    [Id(12), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? WithoutBaseline { get; init; }

    /// <summary>
    /// What a library that parties grow has learned; null for an experiment, whose nodes share one data set. Its nodes'
    /// data are their own, and <see cref="Data"/> says only to what size images are brought.
    /// </summary>
    [Id(13), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LibraryPlan? Library { get; init; }

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
        if (TaskSizes is { } sizes && sizes.Split(',').Length != Tasks)
            yield return new ValidationResult(
                $"{{task-sizes}} {sizes} are {sizes.Split(',').Length} tasks; {{tasks}} asks for {Tasks}."
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
            WithoutBaseline = null,
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
        Description("Folder or zip with train/ and test/ class folders, CSV table, or folder of CIFAR or MNIST files")
    ]
    public string? Path { get; init; }

    [Id(2), Description("Training images per class; all when not given (synthetic: 400)")]
    public int? TrainPerClass { get; init; }

    [Id(3), Description("Test images per class; all when not given (synthetic: 100)")]
    public int? TestPerClass { get; init; }

    [Id(4), Description("Height and width that images are brought to, in pixels")]
    public int ImageSize { get; init; } = 32;

    [
        Id(6),
        Range(0.01, 0.9),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull),
        Description("Share of each class kept for testing, for data without test images")
    ]
    public double? Holdout { get; init; }

    [
        Id(7),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull),
        Description(
            "Order of the classes: natural (2 before 10), or a file with one class a line; that of texts when not given"
        )
    ]
    public string? ClassOrder { get; init; }

    [
        Id(8),
        Range(0, int.MaxValue),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull),
        Description("Seed that shuffles the classes before they are split into tasks; none when not given")
    ]
    public int? ClassOrderSeed { get; init; }
#pragma warning restore CS1591

    /// <summary>Seed of drawing and choosing images.</summary>
    [Id(5)]
    public required int Seed { get; init; }

    /// <summary>
    /// What the data set held when work on it began; null for an earlier program's work. Whoever reads it again refuses
    /// other data.
    /// </summary>
    [Id(9), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DataContents? Contents { get; init; }
}

/// <summary>
/// What a data set holds: enough to tell whether it is still the same one, and what is different. Equal when the
/// digests and the order of the classes are.
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.DataContents")]
public sealed record DataContents
{
    /// <summary>Names of the classes, by label.</summary>
    [Id(0)]
    public required string[] ClassNames { get; init; }

    /// <summary>Training images of each class.</summary>
    [Id(1)]
    public required int[] TrainCounts { get; init; }

    /// <summary>Test images of each class.</summary>
    [Id(2)]
    public required int[] TestCounts { get; init; }

    /// <summary>Digest of the files; empty for images that are drawn.</summary>
    [Id(3)]
    public required string Digest { get; init; }

    /// <inheritdoc/>
    public bool Equals(DataContents? other) =>
        other is not null && Digest == other.Digest && ClassNames.AsSpan().SequenceEqual(other.ClassNames);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Digest, ClassNames.Length);

    /// <summary>What is different in other contents.</summary>
    /// <param name="now">The other contents.</param>
    /// <returns>A part of a sentence; null when nothing is.</returns>
    public string? ChangeTo(DataContents now)
    {
        ArgumentNullException.ThrowIfNull(now);
        string[] added = [.. now.ClassNames.Except(ClassNames)];
        string[] removed = [.. ClassNames.Except(now.ClassNames)];
        if (added.Length > 0)
            return $"class '{added[0]}' was added ({ClassNames.Length} classes then, {now.ClassNames.Length} now)";
        if (removed.Length > 0)
            return $"class '{removed[0]}' is gone ({ClassNames.Length} classes then, {now.ClassNames.Length} now)";
        if (!ClassNames.AsSpan().SequenceEqual(now.ClassNames))
            return "the classes are in another order";
        return CountChange("training", TrainCounts, now.TrainCounts)
            ?? CountChange("test", TestCounts, now.TestCounts)
            ?? (Digest == now.Digest ? null : "images were replaced, as many as there were");
    }

    private string? CountChange(string kind, int[] then, int[] now)
    {
        int label = Enumerable.Range(0, then.Length).FirstOrDefault(i => then[i] != now[i], -1);
        return label < 0 ? null : $"class '{ClassNames[label]}' had {then[label]} {kind} images and has {now[label]}";
    }
}
