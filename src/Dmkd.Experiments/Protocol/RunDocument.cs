using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Experiments.Learners;

namespace Dmkd.Experiments.Protocol;

/// <summary>The document that <c>run --json</c> prints: DMKD's row, its settings and the baselines' rows.</summary>
public sealed record RunDocument : ResultDocument
{
    [SetsRequiredMembers]
    private RunDocument(ResultDocument row)
        : base(row) { }

    /// <summary>Accuracy of the legacy model on its own classes; null without one.</summary>
    public double? LegacyAccuracy { get; init; }

    /// <summary>Library that the run filled.</summary>
    public string Library { get; init; } = "";

    /// <summary>Everything that decided the result.</summary>
    public RunSettings? Settings { get; init; }

    /// <summary>The same fields of each baseline.</summary>
    public IReadOnlyList<ResultDocument> Baselines { get; init; } = [];

    /// <summary>What the process that wrote this found about its convolutions; null when it made none.</summary>
    public ConvolutionDocument? Convolutions { get; init; }

    /// <summary>Experts that learned nothing; null, and not written, when there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DivergedExpert>? Diverged { get; init; }

    /// <summary>The rounds that merged, in their order, as far back as the run remembers.</summary>
    public IReadOnlyList<RoundDocument> Rounds { get; init; } = [];

    /// <summary>The document of a finished run.</summary>
    public static RunDocument Of(
        RunReport report,
        IReadOnlyList<MethodResult> baselines,
        ConvolutionDocument? convolutions = null
    )
    {
        ArgumentNullException.ThrowIfNull(report);
        return new RunDocument(
            ResultDocument.Of(
                report.RunId,
                report.Settings,
                MethodResult.From(report),
                report.Settings.Participation.Nodes
            )
        )
        {
            LegacyAccuracy = report.LegacyAccuracy,
            Library = report.Library,
            Settings = report.Settings,
            Convolutions = convolutions,
            Diverged = report.Diverged.Length == 0 ? null : report.Diverged,
            Baselines =
            [
                .. baselines.Select(result =>
                    ResultDocument.Of(
                        report.RunId,
                        report.Settings,
                        result,
                        result.NodesOf(report.Settings.Participation.Nodes)
                    )
                ),
            ],
        };
    }
}

/// <summary>A round that merged, as documents tell it. Field names are stable.</summary>
/// <param name="Task">The task, from 1.</param>
/// <param name="Round">The round within the task, from 1.</param>
/// <param name="Version">Number of the version it made.</param>
/// <param name="Updates">Updates that came in time.</param>
/// <param name="TrainingLoss">Mean over the merged nodes' examples, in their last epoch; null when none told.</param>
/// <param name="TrainingAccuracy">Share of the same answers that were right, in [0, 1].</param>
public sealed record RoundDocument(
    int Task,
    int Round,
    int Version,
    int Updates,
    double? TrainingLoss,
    double? TrainingAccuracy
)
{
    /// <summary>The document of an event.</summary>
    public static RoundDocument Of(RoundMerged merged)
    {
        ArgumentNullException.ThrowIfNull(merged);
        var training = merged.Training;
        return new RoundDocument(
            merged.Task + 1,
            merged.Round + 1,
            merged.Version,
            merged.Updates,
            training?.MeanLoss,
            training?.Accuracy
        );
    }
}

/// <summary>Accuracy matrices of one method: row t holds the accuracies on tasks 0 to t after task t.</summary>
/// <param name="ClassIncremental">Without a task id at test.</param>
/// <param name="TaskIncremental">With the task known at test.</param>
public sealed record AccuracyRows(double[][] ClassIncremental, double[][] TaskIncremental);

/// <summary>How a process convolves, as documents tell it. Field names are stable.</summary>
/// <param name="State"><c>right</c>, <c>rightWithoutOneDnn</c> or <c>wrong</c>.</param>
/// <param name="Mended">Whether the caches that oneDNN assumes were mended.</param>
/// <param name="OneDnn">Whether oneDNN is used.</param>
public sealed record ConvolutionDocument(string State, bool Mended, bool OneDnn)
{
    /// <summary>This process's; null when it made no convolution.</summary>
    public static ConvolutionDocument? OfThisProcess() => Convolution.Found is { } found ? Of(found) : null;

    /// <summary>The document of a report.</summary>
    public static ConvolutionDocument Of(ConvolutionReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        string state = report.State switch
        {
            ConvolutionState.Right => "right",
            ConvolutionState.RightWithoutOneDnn => "rightWithoutOneDnn",
            _ => "wrong",
        };
        return new ConvolutionDocument(state, report.Mend is CacheMendResult.Mended, report.UsesOneDnn);
    }
}
