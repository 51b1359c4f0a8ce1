using System.Diagnostics.CodeAnalysis;
using Dmkd.Contracts.Runs;

namespace Dmkd.Experiments.Reports;

/// <summary>The document that <c>run --json</c> prints: DMKD's row, its settings and the baselines' rows.</summary>
public sealed record RunDocument : ResultDocument
{
    [SetsRequiredMembers]
    private RunDocument(ResultDocument row)
        : base(row)
    {
    }

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

    /// <summary>The document of a finished run.</summary>
    public static RunDocument Of(RunReport report, IReadOnlyList<MethodResult> baselines, ConvolutionDocument? convolutions = null)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new RunDocument(ResultDocument.Of(report.RunId, report.Settings, MethodResult.From(report), report.Settings.Participation.Nodes))
        {
            LegacyAccuracy = report.LegacyAccuracy,
            Library = report.Library,
            Settings = report.Settings,
            Convolutions = convolutions,
            Baselines = [.. baselines.Select(result => ResultDocument.Of(report.RunId, report.Settings, result, result.NodesOf(report.Settings.Participation.Nodes)))],
        };
    }
}
