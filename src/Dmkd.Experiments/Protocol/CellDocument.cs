using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Dmkd.Contracts.Settings;
using Dmkd.Experiments.Learners;

namespace Dmkd.Experiments.Protocol;

/// <summary>
/// A finished cell as its file holds it: a method's row, and everything that one needs to measure it again. Field names
/// are stable.
/// </summary>
public sealed record CellDocument : ResultDocument
{
    private const double SecondsPerHour = 3600;

    [JsonConstructor]
    public CellDocument() { }

    [SetsRequiredMembers]
    private CellDocument(ResultDocument row)
        : base(row) { }

    /// <summary>Name of the cell, and of its file.</summary>
    public string Cell { get; init; } = "";

    /// <summary>What it is for.</summary>
    public CellStage Stage { get; init; }

    /// <summary>Name of the data set in the experiment.</summary>
    public string Dataset { get; init; } = "";

    /// <summary>The method's parameters as the experiment gave them; what is missing had its default.</summary>
    public IReadOnlyDictionary<string, string> MethodParameters { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// What was held out and tested on, when parameters were searched; null when the test images were.
    /// </summary>
    public HeldOutImages? HeldOut { get; init; }

    /// <summary>What all methods share, with the data set; for DMKD everything that decided the result.</summary>
    public RunSettings? Settings { get; init; }

    /// <summary>
    /// The run of another cell whose experts this one routes to; null when it learned its own. What they cost is
    /// counted in both.
    /// </summary>
    public string? ExpertsOf { get; init; }

    /// <summary>Power that is assumed while the device computes, in watts.</summary>
    public double Watts { get; init; }

    /// <summary>An estimate: device seconds times <see cref="Watts"/>, in watt-hours.</summary>
    public double EnergyWattHours { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset FinishedAt { get; init; }

    /// <summary>What computed.</summary>
    public Versions? Versions { get; init; }

    /// <summary>Where.</summary>
    public MachineInfo? Machine { get; init; }

    /// <summary>The document of a finished cell.</summary>
    public static CellDocument Of(Cell cell, MethodResult result, CellCircumstances circumstances)
    {
        ArgumentNullException.ThrowIfNull(cell);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(circumstances);
        return new CellDocument(
            ResultDocument.Of(cell.RunId, cell.Settings, result, result.NodesOf(cell.Settings.Participation.Nodes))
        )
        {
            Cell = cell.Name,
            Stage = cell.Stage,
            Dataset = cell.Data.Name,
            MethodParameters = cell.Parameters,
            HeldOut = cell.HeldOut,
            Settings = cell.OwnSettings,
            ExpertsOf = result.ExpertsOf,
            Watts = circumstances.Watts,
            EnergyWattHours = result.DeviceSeconds * circumstances.Watts / SecondsPerHour,
            StartedAt = circumstances.StartedAt,
            FinishedAt = circumstances.EndedAt,
            Versions = circumstances.Versions,
            Machine = circumstances.Machine,
        };
    }
}
