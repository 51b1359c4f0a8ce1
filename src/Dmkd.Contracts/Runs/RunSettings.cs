using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Dmkd.Contracts.Legacy;
using Dmkd.Contracts.Merging;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Routing;

namespace Dmkd.Contracts.Runs;

/// <summary>
/// Everything that decides a run's result. Same settings on the same kind of device, same numbers. A property with a description is a setting: an
/// option of <c>run</c>, a parameter of experiments, a row of docs/reference/settings.md. Its description is its documentation.
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
    /// A finished run whose experts this one takes over instead of learning them: all but the routing must be equal (<see cref="LearnsAs"/>), so
    /// that the result is that of a run that learns. Null to learn.
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
        if (Legacy.Tasks > Tasks) yield return new ValidationResult($"{{legacy-tasks}} must be at most {{tasks}}, {Tasks}, not {Legacy.Tasks}.");
        if (Training.StartFrom == "legacy" && Legacy.Tasks == 0)
            yield return new ValidationResult("{start-from} legacy needs a legacy network: {legacy-tasks} must be above 0.");
    }

    /// <summary>The most similar expert is found by its evidence, hence by the routing.</summary>
    private RunSettings WithoutRouting() => this with
    {
        Routing = Training.StartFrom == "similar" ? Routing : new RoutingSettings("", 0, 0),
        Fitting = Fitting with { Calibration = "", Exemplars = 0 },
        ExpertsOf = null,
    };
}
