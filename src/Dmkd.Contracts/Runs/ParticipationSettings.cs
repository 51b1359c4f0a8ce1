using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Dmkd.Contracts.Runs;

/// <summary>Who takes part in a run, what share of the data each has, and how long a round waits (proposal 3.4).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ParticipationSettings")]
public sealed record ParticipationSettings : IFlatSection, IValidatableObject
{
    private const double MaxSeconds = 7 * 86_400;

#pragma warning disable CS1591 // the descriptions are the documentation
    [Id(0), Range(1, 1000), Description("Nodes the training data is spread over")]
    public int Nodes { get; init; } = 4;

    [Id(1), Range(0.001, double.PositiveInfinity), Description("Concentration of the nodes' class shares: small is uneven, inf is even")]
    public double Dirichlet { get; init; } = 1;

    [Id(2), Range(0, 1000), Description("Nodes that hold each module; 0 for all")]
    public int Holders { get; init; }

    [Id(3), Range(0.001, 1.0), Description("Share of a module's holders drawn for each round"), DisplayName("participation"), JsonPropertyName("Participation")]
    public double Share { get; init; } = 1;

    [Id(4), Range(0.0, 1.0, MinimumIsExclusive = true), Description("Share of the participants that must have submitted when the deadline passes")]
    public double Quorum { get; init; } = 0.5;

    [Id(5), Range(0.0, MaxSeconds, MinimumIsExclusive = true), Description("Longest deadline of a round, in seconds; what the first round waits"), DisplayName("longest-wait")]
    public TimeSpan RoundDeadline { get; init; } = TimeSpan.FromMinutes(30);

    [Id(6), Range(0.0, MaxSeconds, MinimumIsExclusive = true), Description("Shortest deadline of a round, in seconds")]
    public TimeSpan ShortestWait { get; init; } = TimeSpan.FromSeconds(30);

    [Id(7), Range(0.0, 1000.0), Description("A deadline is the median of past arrivals plus this many median absolute deviations")]
    public double WaitSpread { get; init; } = 6;
#pragma warning restore CS1591

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Holders > Nodes) yield return new ValidationResult($"{{holders}} must be at most the number of nodes, {Nodes}, not {Holders}.");
        if (ShortestWait <= RoundDeadline) yield break;
        yield return new ValidationResult(string.Create(
            CultureInfo.InvariantCulture, $"{{shortest-wait}} must be at most {{longest-wait}}, {RoundDeadline.TotalSeconds} s, not {ShortestWait.TotalSeconds} s."));
    }
}
